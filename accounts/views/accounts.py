from __future__ import annotations

from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import (
    OptionalTokenAuthentication,
    ProfileAuthentication,
    refuse_barred,
)
from accounts.models import SignIn, User
from accounts.serializers import (
    CredentialsSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SignInAnswerSerializer,
)
from accounts.tokens import clear_token_cookie, give_token
from focusmaster.documents import Documents, JSONAnswer
from focusmaster.requests import client_ip, user_agent

profiles = Documents(ProfileSerializer, User)


class WrongCredentials(APIException):
    """One answer for an unknown email and for a wrong password."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "Invalid email or password"
    default_code = "invalid_credentials"


def origin(request: Request) -> dict[str, str | None]:
    """Return what a sign-in keeps of the request that began it."""
    return {"user_agent": user_agent(request), "ip_address": client_ip(request)}


class AccountViewSet(viewsets.GenericViewSet):
    """Signing up, in and out, and the caller's own profile."""

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[],
        permission_classes=[AllowAny],
        serializer_class=RegistrationSerializer,
    )
    def register(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        sign_in = SignIn.objects.start_with_account(
            **origin(request), **serializer.validated_data
        )

        return self._signed_in(sign_in, status.HTTP_201_CREATED)

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[],
        permission_classes=[AllowAny],
        serializer_class=CredentialsSerializer,
    )
    def login(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = User.objects.with_credentials(**serializer.validated_data)
        if user is None:
            raise WrongCredentials
        refuse_barred(user)

        sign_in = SignIn.objects.start_with_password(user=user, **origin(request))
        if sign_in is None:
            raise WrongCredentials

        return self._signed_in(sign_in, status.HTTP_200_OK)

    def _signed_in(self, sign_in: SignIn, code: int) -> Response:
        user = sign_in.user
        user.token = give_token(self.request._request, sign_in)
        return Response(SignInAnswerSerializer(user).data, status=code)

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[OptionalTokenAuthentication],
        permission_classes=[AllowAny],
    )
    def logout(self, request: Request) -> Response:
        if request.auth:
            SignIn.objects.filter(pk=request.auth.pk).revoke()
        request._request.on_response.append(clear_token_cookie)
        return Response({"message": "Logged out successfully"})

    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        request.auth.extend()
        return Response({"token": give_token(request._request, request.auth)})

    @action(
        detail=False,
        methods=["get"],
        authentication_classes=[ProfileAuthentication],
        serializer_class=ProfileSerializer,
    )
    def me(self, request: Request) -> JSONAnswer:
        return JSONAnswer(request.user.profile)

    @me.mapping.patch
    def patch_me(self, request: Request) -> JSONAnswer:
        return self._change_profile(request)

    @action(
        detail=False,
        methods=["get"],
        authentication_classes=[ProfileAuthentication],
        serializer_class=ProfileSerializer,
    )
    def profile(self, request: Request) -> JSONAnswer:
        return JSONAnswer(request.user.profile)

    @profile.mapping.put
    def put_profile(self, request: Request) -> JSONAnswer:
        return self._change_profile(request)

    def _change_profile(self, request: Request) -> JSONAnswer:
        serializer = self.get_serializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)

        signs_out = request.user.change_profile(**serializer.validated_data)
        if signs_out and request.auth.came_by_cookie:
            # A browser stays signed in; other clients sign in with the new password.
            sign_in = SignIn.objects.start(user=request.user, **origin(request))
            give_token(request._request, sign_in)

        return JSONAnswer(profiles.rows(pk=request.user.pk)[0])
