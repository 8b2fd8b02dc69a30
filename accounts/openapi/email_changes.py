from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from accounts.exceptions import (
    EmailTaken,
    GuestHasNoEmail,
    MailFailed,
    MailNotConfigured,
)
from accounts.serializers import CodeSerializer, NewEmailSerializer, ProfileSerializer
from accounts.views import EmailChangeViewSet
from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.openapi.errors import (
    conflict_response,
    error_response,
    invalid_response,
)
from focusmaster.openapi.texts import (
    extend_view,
    message_response,
    request_body,
    request_texts,
)

extend_schema_serializer(description="The address to change to.")(NewEmailSerializer)
extend_schema_serializer(
    description="What was mailed to the new address.",
    extensions=request_texts(
        otp={"pattern": "^[0-9]{6}$", "description": "The 6 digits."}
    ),
)(CodeSerializer)

extend_view(
    EmailChangeViewSet,
    send=extend_schema(
        operation_id="sendCode",
        summary="Ask for a new email address",
        description="Mails a code of 6 digits to the new address. It holds for 10 "
        "minutes; a newer one takes its place. At most 3 an hour.",
        request=request_body(NewEmailSerializer, newEmail="john.doe@example.com"),
        responses={
            200: message_response(
                "The code is on its way.", "A code was sent to the new address"
            ),
            400: invalid_response("newEmail", "give a valid email address"),
            409: conflict_response(EmailTaken, GuestHasNoEmail),
            503: error_response(
                "Mail is not set up, or its server or the database does not answer.",
                MailFailed,
                MailNotConfigured,
                DatabaseUnavailable,
            ),
        },
    ),
    verify=extend_schema(
        operation_id="verifyCode",
        summary="Confirm the new email address",
        description="Takes the code and makes the new address that of the account. "
        "The old one is told. At most 3 tries an hour, whichever code they are for. "
        "An address that has been taken meanwhile is refused with 409 `email_taken`.",
        request=request_body(CodeSerializer, otp="081526"),
        responses={
            200: OpenApiResponse(ProfileSerializer, "The profile with the new email."),
            400: invalid_response("otp", "this code is wrong or has expired"),
        },
    ),
)
