from __future__ import annotations

import logging

from django.conf import settings
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response

from accounts.authentication import GuestAuthentication, TokenAuthentication
from accounts.exceptions import Barred
from accounts.failed_sign_ins import note_failed_sign_in
from accounts.google import linking
from accounts.google.exceptions import (
    EmailOfAnother,
    InvalidIdToken,
    KeysUnavailable,
    UnverifiedEmail,
)
from accounts.google.serializers import IdTokenSerializer
from accounts.limits import PER_IP
from accounts.models import FailedSignIn, SignIn
from accounts.profile import sign_in_response
from focusmaster.api.client_info import client_info, client_ip, network_of
from focusmaster.api.origins import OwnSite
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet

log = logging.getLogger("accounts.google")


class GoogleNotConfigured(APIException):
    """Waiting does not help, so the response does not say for how long."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Signing in with Google is not set up here."
    default_code = "google_not_configured"


class WrongIdToken(APIException):
    """One error for whatever is wrong with a token; the log says what."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = "Google's sign-in could not be verified. Try again."
    default_code = "invalid_id_token"


class EmailNotVerified(PermissionDenied):
    default_detail = "Google has not verified an email address of this account."
    default_code = "email_not_verified"


class GoogleViewSet(ApiViewSet):
    """Signing in with a Google account, and unlinking it."""

    serializer_class = IdTokenSerializer
    is_atomic = False

    def get_authenticators(self) -> list[BaseAuthentication]:
        # DRF asks before it sets `action`, drf-spectacular before there is a request.
        is_unlinking = self.request and self.request.method == "DELETE"
        return [TokenAuthentication() if is_unlinking else GuestAuthentication()]

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated() if self.action == "destroy_all" else OwnSite()]

    def create(self, request: ApiRequest) -> Response:
        if not settings.GOOGLE_CLIENT_IDS:
            raise GoogleNotConfigured
        fields = self.validated()
        PER_IP.check(network_of(client_ip(request)))

        sign_in = self._sign_in(**fields)

        return sign_in_response(request, sign_in)

    def _sign_in(self, id_token: str) -> SignIn:
        """Return a new sign-in; log a failure."""
        # Loaded at the first sign-in with Google, because it loads slowly.
        from accounts.google.id_tokens import read_id_token

        request, email = self.request, ""
        try:
            identity = read_id_token(id_token)
            email = identity.email
            return linking.sign_in(
                identity=identity, guest=request.auth, **client_info(request)
            )
        except (InvalidIdToken, Barred) as exc:
            error = published_error(request, exc)
            count_failure(request, email)
            raise error from None
        except (EmailOfAnother, KeysUnavailable) as exc:
            raise published_error(request, exc) from None

    def destroy_all(self, request: ApiRequest) -> Response:
        """Unlink the Google account; there is at most one."""
        linking.unlink(request.user)
        return Response({"message": "Google does not open this account any more"})


def published_error(
    request: ApiRequest,
    exc: InvalidIdToken | Barred | EmailOfAnother | KeysUnavailable,
) -> Exception:
    """Log why a sign-in failed, without the token; return the error to raise."""
    reason = exc.reason if isinstance(exc, InvalidIdToken) else exc.code
    fields = {"reason": reason, "requestId": request.id}
    log.warning("A Google sign-in was refused", extra={"fields": fields})
    if isinstance(exc, UnverifiedEmail):
        return EmailNotVerified()
    return WrongIdToken() if isinstance(exc, InvalidIdToken) else exc


def count_failure(request: ApiRequest, email: str) -> None:
    """Count a failed sign-in; raises RateLimited if too many came from there."""
    where = FailedSignIn.Where.GOOGLE
    note_failed_sign_in(request, name=email, where=where)
    PER_IP.use(network_of(client_ip(request)))
