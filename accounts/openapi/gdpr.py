from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.exceptions import LastAdmin
from accounts.openapi.accounts import SETTINGS
from accounts.serializers import (
    ConsentSerializer,
    EmailChangeSerializer,
    ExportedProfileSerializer,
    ExportedSignInSerializer,
    FailedSignInSerializer,
    PreferencesSerializer,
)
from accounts.views import AccountViewSet, GdprViewSet
from focusmaster.api.fields import IdField, RFC3339Field
from focusmaster.openapi.errors import conflict_response, invalid_response
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    message_response,
    request_body,
    response_example,
)
from focusmaster.personal_data import PersonalDataEntry, Section, personal_data_entries


def part(entry: PersonalDataEntry, section: Section) -> serializers.BaseSerializer:
    if not section.single:
        return section.serializer(many=True)
    return section.serializer(allow_null=entry.path != "pk")


# Each app's parts, in the order of the document.
PARTS = {
    section.name: part(entry, section)
    for entry in reversed(list(personal_data_entries()))
    for section in entry.sections
}
PREFERENCES = {
    "essential": True,
    "analytics": False,
    "marketing": False,
    "timestamp": "2026-02-02T10:00:00Z",
}
PROFILE: dict[str, Any] = {
    "_id": "507f1f77bcf86cd799439011",
    "name": "John Doe",
    "email": "john@example.com",
    "picture": "",
    "role": "user",
    "status": "active",
    "banReason": "",
    "bannedUntil": None,
    "isGuest": False,
    "points": 10,
    "badges": [],
    "totalFocusTime": 1500,
    "totalSessions": 1,
    "createdAt": "2026-02-02T09:00:00Z",
    "updatedAt": "2026-02-02T10:25:00Z",
}
PARTS_EXAMPLE: dict[str, Any] = {
    name: None if isinstance(part, serializers.Serializer) else []
    for name, part in PARTS.items()
} | {"profile": PROFILE, "settings": SETTINGS}

ExportSerializer = extend_schema_serializer(
    description="Everything that is kept of a person.",
    examples=response_example(exportedAt="2026-02-02T10:30:00Z", **PARTS_EXAMPLE),
)(type("Export", (serializers.Serializer,), {"exportedAt": RFC3339Field(), **PARTS}))


@extend_schema_serializer(
    description="The consent is kept.",
    examples=response_example(id="65bd0f2cbcf86cd79943901a"),
)
class LoggedConsentSerializer(serializers.Serializer):
    id = IdField()


extend_schema_serializer(
    description="What a person agrees to.",
    component_name="ConsentPreferences",
    extensions=field_texts(timestamp="When, by the clock of the person's device."),
)(PreferencesSerializer)
for serializer, description in {
    ConsentSerializer: "An answer to what the web client asked.",
    EmailChangeSerializer: "A new address that is not confirmed yet.",
    ExportedProfileSerializer: "The account.",
    ExportedSignInSerializer: "A device on which the person signed in, also if that "
    "has ended.",
    FailedSignInSerializer: "Somebody's attempt to sign in to the account; kept for 30 "
    "days.",
}.items():
    extend_schema_serializer(description=description)(serializer)

DELETED = {
    200: message_response("It is gone.", "Account deleted successfully"),
    409: conflict_response(LastAdmin),
}
ERASURE = (
    "Erases the account and everything that is the person's, at once and for good. "
    "Every token is refused from then on, and the cookie is cleared."
)

extend_view(
    AccountViewSet,
    delete_profile=extend_schema(
        operation_id="deleteProfile",
        summary="Delete your account",
        description=ERASURE,
        responses=DELETED,
    ),
)
extend_view(
    GdprViewSet,
    export=extend_schema(
        operation_id="exportData",
        summary="Download your data",
        description="A file with everything that is kept of you, without secrets, as "
        "it was at one moment.",
        responses={200: OpenApiResponse(ExportSerializer, "The file.")},
    ),
    erase=extend_schema(
        operation_id="deleteData",
        summary="Delete your account",
        description=f"{ERASURE} The same as `DELETE /api/auth/profile`.",
        responses=DELETED,
    ),
    log_consent=extend_schema(
        operation_id="logConsent",
        summary="Say what you agree to",
        description="Keeps an answer, with address and user agent, as evidence. "
        "Without a token it is nobody's; a bad token counts as none.",
        request=request_body(ConsentSerializer, preferences=PREFERENCES),
        responses={
            201: OpenApiResponse(LoggedConsentSerializer, "It is kept."),
            400: invalid_response("preferences.analytics", "give true or false"),
        },
    ),
)
