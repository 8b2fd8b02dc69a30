from __future__ import annotations

from accounts.openapi.accounts import PASSWORD
from accounts.serializers import ForgottenPasswordSerializer, NewPasswordSerializer
from accounts.views import PasswordResetViewSet
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    body,
    describe,
    document,
    invalid,
)

describe(
    ForgottenPasswordSerializer,
    "Who forgot their password.",
    name="ForgottenPassword",
)
describe(
    NewPasswordSerializer,
    "A new password, with what was mailed.",
    name="NewPassword",
    given={
        "token": "From the link in the mail. It works once, for an hour.",
        "password": PASSWORD | {"description": "As strong as at registration."},
    },
)

document(
    PasswordResetViewSet,
    "Accounts",
    forgot=Call(
        "forgotPassword",
        "Ask for a new password",
        "Mails a link for a new password to the account of this address. The answer is "
        "the same where there is none. An address gets at most 3 mails an hour, and "
        "from one place 10 can be asked for.",
        request=body(ForgottenPasswordSerializer, {"email": "john@example.com"}),
        responses={
            200: answer(
                "Whoever it is will know.",
                MessageSerializer,
                {
                    "message": "If an account has this address, a mail is on its way "
                    "to it"
                },
            ),
            400: invalid("email", "This field is required."),
            # What it asks the database, it asks after the answer.
            503: None,
        },
    ),
    reset=Call(
        "resetPassword",
        "Give a new password",
        "Takes the token of the mail, and ends all sign-ins. A newer mail or a change "
        "of the password or the email voids it.",
        request=body(
            NewPasswordSerializer,
            {
                "token": "pN0tZ9hVqXoWlYyq2Jx4n3sQm8Rb6TfUc1Ae5Dg7HkI",
                "password": "securePassword123",
            },
        ),
        responses={
            200: answer(
                "The password is changed.",
                MessageSerializer,
                {"message": "The password is changed. Sign in with it"},
            ),
            400: invalid(
                "token", "this link does not work any more; ask for a new one"
            ),
        },
    ),
)
