from __future__ import annotations

from functools import cached_property
from typing import Any

from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.authentication import GuestAuthentication, LeavingAuthentication
from accounts.erasure import erase_account
from accounts.failed_sign_ins import note_failed_sign_in
from accounts.limits import limit_password_attempts
from accounts.models import FailedSignIn, SignIn, User
from accounts.profile import profile_response, sign_in_response
from accounts.serializers import (
    CredentialsSerializer,
    GuestSerializer,
    ProfileSerializer,
    RegistrationSerializer,
)
from accounts.tokens import forget_token, give_token
from focusmaster.api.client_info import client_info, client_ip
from focusmaster.api.origins import OwnSite
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import NO_STORE, JSONResponse
from focusmaster.api.viewsets import ConditionalWrites
from focusmaster.db.statement_timeout import long_statements
from focusmaster.exceptions import InvalidValue, OwnerGone
from focusmaster.personal_data import reset_progress


class WrongCredentials(APIException):
    """One error for an unknown email and for a wrong password."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "Invalid email or password"
    default_code = "invalid_credentials"


class AccountViewSet(ConditionalWrites):
    """Signing up, in and out, and the caller's own profile."""

    # Has the query that finds the caller bring the profile along.
    prefetch_profile = False

    def representation(self) -> JSONResponse:
        return profile_response(self.request.user)

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[GuestAuthentication],
        permission_classes=[OwnSite],
        serializer_class=RegistrationSerializer,
    )
    def register(self, request: ApiRequest) -> Response:
        fields = self.validated()

        sign_in = SignIn.objects.start_with_account(
            guest=request.auth, **client_info(request), **fields
        )

        return sign_in_response(request, sign_in, status.HTTP_201_CREATED)

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[],
        permission_classes=[OwnSite],
        serializer_class=GuestSerializer,
    )
    def guest(self, request: ApiRequest) -> Response:
        fields = self.validated()
        guest = User.objects.guests().filter(**fields).first()

        sign_in = SignIn.objects.start_as_guest(user=guest, **client_info(request))

        return sign_in_response(request, sign_in)

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[],
        permission_classes=[OwnSite],
        serializer_class=CredentialsSerializer,
        is_atomic=False,
    )
    def login(self, request: ApiRequest) -> Response:
        fields = self.validated()
        email = fields["email"]
        with limit_password_attempts(email, client_ip(request), wrong=WrongCredentials):
            user = User.objects.with_credentials(**fields)
            if user is None:
                raise self._wrong_credentials(email)

        sign_in = SignIn.objects.start_with_password(user=user, **client_info(request))
        if sign_in is None:
            raise self._wrong_credentials(email)

        return sign_in_response(request, sign_in)

    def _wrong_credentials(self, email: str) -> WrongCredentials:
        note_failed_sign_in(self.request, name=email, where=FailedSignIn.Where.API)
        return WrongCredentials()

    @action(
        detail=False,
        methods=["post"],
        authentication_classes=[LeavingAuthentication],
        permission_classes=[OwnSite],
    )
    def logout(self, request: ApiRequest) -> Response:
        if request.auth:
            SignIn.objects.filter(pk=request.auth.pk).revoke()
        forget_token(request)
        return Response({"message": "Logged out successfully"})

    @action(detail=False, methods=["post"])
    def refresh(self, request: ApiRequest) -> Response:
        if not request.auth.extend():
            # It has ended meanwhile: by a ban, or with the account.
            request.user.check_not_barred_meanwhile()
            raise OwnerGone
        token = give_token(request, request.auth)
        return Response({"token": token}, headers=NO_STORE)

    @action(
        detail=False,
        methods=["get"],
        prefetch_profile=True,
        serializer_class=ProfileSerializer,
    )
    def me(self, request: ApiRequest) -> JSONResponse:
        return profile_response(request.user, request.prefetched_profile)

    @me.mapping.patch
    def patch_me(self, request: ApiRequest) -> JSONResponse:
        return self._change_profile(request)

    @action(
        detail=False,
        methods=["get"],
        prefetch_profile=True,
        serializer_class=ProfileSerializer,
    )
    def profile(self, request: ApiRequest) -> JSONResponse:
        return profile_response(request.user, request.prefetched_profile)

    @profile.mapping.put
    def put_profile(self, request: ApiRequest) -> JSONResponse:
        return self._change_profile(request)

    @profile.mapping.delete
    @long_statements()
    def delete_profile(self, request: ApiRequest) -> Response:
        erase_account(request.user)
        forget_token(request)
        return Response({"message": "Account deleted successfully"})

    @action(detail=False, methods=["delete"], url_path="profile/stats")
    @long_statements()
    def delete_stats(self, request: ApiRequest) -> JSONResponse:
        reset_progress(request.user)
        return profile_response(request.user)

    def before_transaction(self) -> None:
        if self.action in ("patch_me", "put_profile"):
            _ = self.changes

    @cached_property
    def changes(self) -> dict[str, Any]:
        """The changes of the profile, after a check of the current password.

        A wrong one is counted.
        """
        user, changes = self.request.user, self.validated(partial=True)
        current = changes.pop("current_password", "")
        if "password" in changes:
            address = client_ip(self.request)
            with limit_password_attempts(user.pk, address, wrong=InvalidValue):
                user.check_current_password(current)
        return changes

    def _change_profile(self, request: ApiRequest) -> JSONResponse:
        request.user.change_profile(**self.changes, kept=request.auth)
        return profile_response(request.user)
