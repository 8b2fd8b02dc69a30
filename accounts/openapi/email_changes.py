from __future__ import annotations

from accounts.exceptions import EmailTaken, GuestHasNoEmail
from accounts.serializers import CodeSerializer, NewEmailSerializer, ProfileSerializer
from accounts.views import EmailChangeViewSet
from accounts.views.email_changes import MailFailed
from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
    refusal,
)

describe(
    NewEmailSerializer,
    "The address to change to.",
    name="NewEmail",
)
describe(
    CodeSerializer,
    "What was mailed to the new address.",
    name="Code",
    given={"otp": {"pattern": "^[0-9]{6}$", "description": "The 6 digits."}},
)

document(
    EmailChangeViewSet,
    "Accounts",
    send=Call(
        "sendCode",
        "Ask for a new email address",
        "Mails a code of 6 digits to the new address. It holds for 10 minutes; a newer "
        "one takes its place. At most 3 an hour.",
        request=body(NewEmailSerializer, {"newEmail": "john.doe@example.com"}),
        responses={
            200: answer(
                "The code is on its way.",
                MessageSerializer,
                {"message": "A code was sent to the new address"},
            ),
            400: invalid("newEmail", "give a valid email address"),
            409: conflict(EmailTaken, GuestHasNoEmail),
            503: refusal(
                "The mail server, or the database, does not answer.",
                **{
                    MailFailed.default_code: MailFailed.default_detail,
                    DatabaseUnavailable.default_code: (
                        DatabaseUnavailable.default_detail
                    ),
                },
            ),
        },
    ),
    verify=Call(
        "verifyCode",
        "Confirm the new email address",
        "Takes the code and makes the new address that of the account. The old one is "
        "told. At most 3 tries an hour, whichever code they are for. An address that "
        "has been taken meanwhile is refused with 409 `email_taken`.",
        request=body(CodeSerializer, {"otp": "081526"}),
        responses={
            200: answer("The profile with the new email.", ProfileSerializer),
            400: invalid("otp", "this code is wrong or has expired"),
        },
    ),
)
