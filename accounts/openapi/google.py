from __future__ import annotations

from accounts.google.exceptions import (
    EmailOfAnother,
    KeysUnavailable,
    NoPassword,
    NotLinked,
)
from accounts.google.serializers import IdTokenSerializer, LinkedAccountSerializer
from accounts.openapi.accounts import BARRED_MESSAGES, SETS_COOKIE
from accounts.serializers import SignInAnswerSerializer
from accounts.views import GoogleViewSet
from accounts.views.google import EmailNotVerified, GoogleNotConfigured, WrongIdToken
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
    IdTokenSerializer,
    "What Google gave the web client; one name for it is enough.",
    name="IdToken",
    given={
        "credential": "The ID token, under Google's own name.",
        "token": "The same under another name.",
    },
)
describe(
    LinkedAccountSerializer,
    "An account elsewhere that opens this one.",
    name="LinkedAccount",
    fields={"subject": "What it is called there, for good."},
)

document(
    GoogleViewSet,
    "Accounts",
    create=Call(
        "signInWithGoogle",
        "Sign in with Google",
        "Takes an ID token of Google's, not older than ten minutes. The first time, it "
        "creates an account, or with a guest's token makes the guest one. An account "
        "that has the address already is joined if Google runs the address (gmail.com, "
        "or that of an organisation): it then opens with Google only, for nobody had "
        "proved the address, so its password and its sign-ins end.",
        parameters=[SETS_COOKIE],
        request=body(
            IdTokenSerializer,
            {"credential": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjFhMmIzYyJ9..."},
        ),
        responses={
            200: answer("Signed in.", SignInAnswerSerializer),
            400: invalid("credential", "give an ID token"),
            401: refusal(
                "The token is none of Google's for this service, or has expired.",
                **{WrongIdToken.default_code: WrongIdToken.default_detail},
            ),
            403: refusal(
                "Google has not verified an address, or the account is barred.",
                **{EmailNotVerified.default_code: EmailNotVerified.default_detail},
                **BARRED_MESSAGES,
            ),
            409: conflict(EmailOfAnother),
            502: refusal(
                "Google does not answer, and its keys are needed.",
                **{KeysUnavailable.code: KeysUnavailable.message},
            ),
            503: refusal(
                "Signing in with Google is not set up, or the database is down.",
                **{
                    GoogleNotConfigured.default_code: (
                        GoogleNotConfigured.default_detail
                    ),
                    DatabaseUnavailable.default_code: (
                        DatabaseUnavailable.default_detail
                    ),
                },
            ),
        },
    ),
    destroy_all=Call(
        "unlinkGoogle",
        "Unlink Google",
        "The Google account opens this account no more; the password does, so there "
        "has to be one: set it with `PUT /api/auth/profile`. Whoever signs in with "
        "Google again later joins the account again.",
        request=None,
        responses={
            200: answer(
                "Unlinked.",
                MessageSerializer,
                {"message": "Google does not open this account any more"},
            ),
            409: conflict(NotLinked, NoPassword),
        },
    ),
)
