from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_serializer

from accounts.exceptions import MailNotConfigured
from accounts.openapi.accounts import PASSWORD
from accounts.serializers import ForgottenPasswordSerializer, NewPasswordSerializer
from accounts.views import PasswordResetViewSet
from focusmaster.openapi.errors import error_response, invalid_response
from focusmaster.openapi.texts import (
    extend_view,
    message_response,
    request_body,
    request_texts,
)

extend_schema_serializer(description="Who forgot their password.")(
    ForgottenPasswordSerializer
)
extend_schema_serializer(
    description="A new password, with what was mailed.",
    extensions=request_texts(
        token="From the link in the mail. It works once, for an hour.",
        password=PASSWORD | {"description": "As strong as at registration."},
    ),
)(NewPasswordSerializer)

extend_view(
    PasswordResetViewSet,
    forgot=extend_schema(
        operation_id="forgotPassword",
        summary="Ask for a new password",
        description="Mails a link for a new password to the account of this address. "
        "The answer is the same where there is none. An address gets at most 3 mails "
        "an hour, and from one place 10 can be asked for.",
        request=request_body(ForgottenPasswordSerializer, email="john@example.com"),
        responses={
            200: message_response(
                "Whoever it is will know.",
                "If an account has this address, a mail is on its way to it",
            ),
            400: invalid_response("email", "This field is required."),
            # What it asks the database, it asks after the answer.
            503: error_response("Mail is not set up.", MailNotConfigured),
        },
    ),
    reset=extend_schema(
        operation_id="resetPassword",
        summary="Give a new password",
        description="Takes the token of the mail, and ends all sign-ins. A newer mail "
        "or a change of the password or the email voids it.",
        request=request_body(
            NewPasswordSerializer,
            token="pN0tZ9hVqXoWlYyq2Jx4n3sQm8Rb6TfUc1Ae5Dg7HkI",
            password="securePassword123",
        ),
        responses={
            200: message_response(
                "The password is changed.", "The password is changed. Sign in with it"
            ),
            400: invalid_response(
                "token", "this link does not work any more; ask for a new one"
            ),
        },
    ),
)
