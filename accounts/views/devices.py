from __future__ import annotations

from typing import Any

from rest_framework import mixins
from rest_framework.response import Response

from accounts.models import SignIn
from accounts.models.sign_ins import SignInQuerySet
from accounts.serializers import SignInSerializer
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.exceptions import RowNotFound


class SignInViewSet(mixins.ListModelMixin, ApiViewSet):
    """The caller's devices: listed, signed out one by one or all but this one."""

    serializer_class = SignInSerializer

    def get_queryset(self) -> SignInQuerySet:
        sign_ins = SignIn.objects.owned_by(self.request.user).live()
        return sign_ins.order_by("-last_used_at", "-id")

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"current": self.request.auth}

    def destroy(self, request: ApiRequest, pk: str) -> Response:
        if not self.get_queryset().filter(pk=pk).revoke():
            raise RowNotFound
        return Response({"message": "Signed out on this device"})

    def destroy_all(self, request: ApiRequest) -> Response:
        """Sign out everywhere but here."""
        self.get_queryset().exclude(pk=request.auth.pk).revoke()
        return Response({"message": "Signed out on all other devices"})
