from __future__ import annotations

from django.http import Http404
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import SignIn
from accounts.serializers import SignInSerializer


class SignInViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """The caller's devices: listed, signed out one by one or all but this one."""

    serializer_class = SignInSerializer

    def get_queryset(self):
        sign_ins = SignIn.objects.owned_by(self.request.user).live()
        return sign_ins.order_by("-last_used_at", "-id")

    def get_serializer_context(self):
        return super().get_serializer_context() | {"current": self.request.auth}

    def destroy(self, request: Request, pk: str) -> Response:
        if not self.get_queryset().filter(pk=pk).revoke():
            raise Http404
        return Response({"message": "Signed out on this device"})

    def destroy_all(self, request: Request) -> Response:
        """Sign out everywhere but here."""
        self.get_queryset().exclude(pk=request.auth.pk).revoke()
        return Response({"message": "Signed out on all other devices"})
