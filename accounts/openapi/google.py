from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from accounts.google.exceptions import (
    EmailOfAnother,
    KeysUnavailable,
    NoPassword,
    NotLinked,
)
from accounts.google.serializers import IdTokenSerializer, LinkedAccountSerializer
from accounts.openapi.accounts import SETS_COOKIE
from accounts.serializers import SignInResponseSerializer
from accounts.views import GoogleViewSet
from accounts.views.google import EmailNotVerified, GoogleNotConfigured, WrongIdToken
from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.openapi.errors import (
    BARRED,
    conflict_response,
    error_response,
    invalid_response,
)
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    message_response,
    request_body,
    request_rules,
    request_texts,
)

extend_schema_serializer(
    description="What Google gave the web client; one name for it is enough.",
    extensions=request_texts(
        credential="The ID token, under Google's own name.",
        token="The same under another name.",
    )
    | request_rules(
        anyOf=[
            {"required": [name], "properties": {name: {"type": "string"}}}
            for name in ("credential", "token")
        ]
    ),
)(IdTokenSerializer)
extend_schema_serializer(
    description="An account elsewhere that opens this one.",
    extensions=field_texts(subject="What it is called there, for good."),
)(LinkedAccountSerializer)

extend_view(
    GoogleViewSet,
    create=extend_schema(
        operation_id="signInWithGoogle",
        summary="Sign in with Google",
        description="Takes an ID token of Google's, not older than ten minutes. The "
        "first time, it creates an account, or with a guest's token makes the guest "
        "one. An account that has the address already is joined if Google runs the "
        "address (gmail.com, or that of an organisation): it then opens with Google "
        "only, for nobody had proved the address, so its password and its sign-ins "
        "end.",
        parameters=[SETS_COOKIE],
        request=request_body(
            IdTokenSerializer, credential="eyJhbGciOiJSUzI1NiIsImtpZCI6IjFhMmIzYyJ9..."
        ),
        responses={
            200: OpenApiResponse(SignInResponseSerializer, "Signed in."),
            400: invalid_response("credential", "give an ID token"),
            401: error_response(
                "The token is none of Google's for this service, or has expired.",
                WrongIdToken,
            ),
            403: error_response(
                "Google has not verified an address, or the account is barred.",
                EmailNotVerified,
                *BARRED,
            ),
            409: conflict_response(EmailOfAnother),
            502: error_response(
                "Google does not answer, and its keys are needed.", KeysUnavailable
            ),
            503: error_response(
                "Signing in with Google is not set up, or the database is down.",
                GoogleNotConfigured,
                DatabaseUnavailable,
            ),
        },
    ),
    destroy_all=extend_schema(
        operation_id="unlinkGoogle",
        summary="Unlink Google",
        description="The Google account opens this account no more; the password "
        "does, so there has to be one: set it with `PUT /api/auth/profile`. Whoever "
        "signs in with Google again later joins the account again.",
        responses={
            200: message_response(
                "Unlinked.", "Google does not open this account any more"
            ),
            409: conflict_response(NotLinked, NoPassword),
        },
    ),
)
