from __future__ import annotations

from contextlib import suppress

from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts import mail
from accounts.addresses import email_key
from accounts.limits import HOUR, Limit
from accounts.models import PasswordReset
from accounts.models.password_resets import WrongLink
from accounts.serializers import (
    ForgottenPasswordSerializer,
    NewPasswordSerializer,
    check_new_password,
)
from focusmaster.api.client_info import client_ip, network_of
from focusmaster.api.rate_limits import RateLimited
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.environment import Rate

RESETS_FROM_ONE = Limit("resets from one", Rate(10, HOUR))
RESETS_OF_ONE = Limit("resets of one", Rate(3, HOUR))


class PasswordResetViewSet(ApiViewSet):
    """A new password for a user who forgot theirs, by a link that is mailed."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @action(
        detail=False,
        methods=["post"],
        url_path="password/forgot",
        serializer_class=ForgottenPasswordSerializer,
        is_atomic=False,
    )
    def forgot(self, request: ApiRequest) -> Response:
        """Respond before anyone is looked up: the response cannot depend on it."""
        email = self.validated()["email"]
        mail.require_configured()
        RESETS_FROM_ONE.use(network_of(client_ip(request)))

        with suppress(RateLimited):  # The response must not tell.
            RESETS_OF_ONE.use(email_key(email))
            mail.in_background(mail.send_reset, email)

        return Response(
            {"message": "If an account has this address, a mail is on its way to it"}
        )

    @action(
        detail=False,
        methods=["post"],
        url_path="password/reset",
        serializer_class=NewPasswordSerializer,
    )
    def reset(self, request: ApiRequest) -> Response:
        fields = self.validated()
        resets = PasswordReset.objects.live().with_token(fields["token"])
        reset = resets.select_related("user").first()
        if reset is None:
            raise WrongLink
        check_new_password(fields["password"], reset.user)

        reset.use(fields["password"])

        return Response({"message": "The password is changed. Sign in with it"})
