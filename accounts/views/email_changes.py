from __future__ import annotations

from smtplib import SMTPRecipientsRefused

from django.db.models import Q
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import mail
from accounts.addresses import email_key
from accounts.exceptions import EmailTaken, GuestHasNoEmail, MailFailed
from accounts.limits import HOUR, Limit
from accounts.models import EmailChange, User
from accounts.models.email_changes import WrongCode
from accounts.profile import profile_response
from accounts.serializers import CodeSerializer, NewEmailSerializer
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.environment import Rate
from focusmaster.exceptions import InvalidValue

TOO_MANY_CODES = "Too many codes. Try again later."
CODES_OF_ONE = Limit("codes of one", Rate(3, HOUR), TOO_MANY_CODES)
# For all accounts, so that many of them cannot fill one mailbox.
CODES_TO_ONE = Limit("codes to one", Rate(5, HOUR), TOO_MANY_CODES)
# A try is counted before the code is checked, and right ones count, too: concurrent
# tries beyond the limit learn nothing.
TRIES = Limit("tries of codes", Rate(3, HOUR), "Too many tries. Try again later.")


class EmailChangeViewSet(ApiViewSet):
    """A new email address, confirmed with a code that is mailed to it."""

    @action(
        detail=False,
        methods=["post"],
        url_path="otp/send",
        serializer_class=NewEmailSerializer,
        is_atomic=False,
    )
    def send(self, request: ApiRequest) -> Response:
        new_email = self.validated()["new_email"]
        if request.user.is_guest:
            raise GuestHasNoEmail
        # A constraint decides when the code is given; this check saves a useless mail.
        # Another spelling of one's own is confirmed as any other is.
        spelt_anew = ~Q(email=new_email)
        known = User.objects.with_email(new_email)
        if known.exclude(spelt_anew, pk=request.user.pk).exists():
            raise EmailTaken
        mail.require_configured()
        CODES_OF_ONE.use(request.user.pk)
        CODES_TO_ONE.use(email_key(new_email))

        code = EmailChange.objects.start(user=request.user, new_email=new_email)
        try:
            mail.send_code(new_email, code)
        except SMTPRecipientsRefused:
            raise InvalidValue("newEmail", "mail to this address is refused") from None
        except OSError as exc:
            mail.log_failure(exc)
            raise MailFailed from None

        return Response({"message": "A code was sent to the new address"})

    @action(
        detail=False,
        methods=["put"],
        url_path="otp/verify",
        serializer_class=CodeSerializer,
    )
    def verify(self, request: ApiRequest) -> JSONResponse:
        fields = self.validated()
        change = EmailChange.objects.owned_by(request.user).live().first()
        if change is None:
            raise WrongCode
        TRIES.use(request.user.pk)

        old_email = change.confirm(**fields)

        if old_email:
            mail.in_background(mail.send_notice_of_change, old_email, change.new_email)
        return profile_response(request.user)
