from __future__ import annotations

from rest_framework import serializers

from accounts.exceptions import LastAdmin
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
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
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
ExportSerializer = type(
    "ExportSerializer",
    (serializers.Serializer,),
    {"exportedAt": RFC3339Field(), **PARTS},
)


class LoggedConsentSerializer(serializers.Serializer):
    id = IdField()


PREFERENCES = {
    "essential": True,
    "analytics": False,
    "marketing": False,
    "timestamp": "2026-02-02T10:00:00Z",
}
PROFILE = {
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
SETTINGS = {
    "theme": "light",
    "focusDuration": 25,
    "shortBreakDuration": 5,
    "longBreakDuration": 15,
    "longBreakInterval": 4,
    "dailyGoal": 8,
    "autoStartSession": False,
    "autoStartBreak": False,
    "strictMode": False,
    "spotifyAutoplay": False,
    "motivationalQuotes": True,
    "soundEnabled": True,
    "timezone": "UTC",
    "weekStart": "monday",
}
NOTHING = {
    name: None if isinstance(part, serializers.Serializer) else []
    for name, part in PARTS.items()
}

describe(
    ExportSerializer,
    "Everything that is kept of a person.",
    name="Export",
    example={"exportedAt": "2026-02-02T10:30:00Z"}
    | NOTHING
    | {"profile": PROFILE, "settings": SETTINGS},
)
describe(ExportedProfileSerializer, "The account.", name="ExportedProfile")
describe(
    ExportedSignInSerializer,
    "A device on which the person signed in, also if that has ended.",
    name="ExportedSignIn",
)
describe(
    FailedSignInSerializer,
    "Somebody's attempt to sign in to the account; kept for 30 days.",
    name="FailedSignIn",
)
describe(
    EmailChangeSerializer,
    "A new address that is not confirmed yet.",
    name="EmailChange",
)
describe(
    PreferencesSerializer,
    "What a person agrees to.",
    name="ConsentPreferences",
    fields={"timestamp": "When, by the clock of the person's device."},
)
describe(ConsentSerializer, "An answer to what the web client asked.", name="Consent")
describe(
    LoggedConsentSerializer,
    "The consent is kept.",
    name="LoggedConsent",
    example={"id": "65bd0f2cbcf86cd79943901a"},
)

DELETED = {
    200: answer(
        "It is gone.", MessageSerializer, {"message": "Account deleted successfully"}
    ),
    409: conflict(LastAdmin),
}
GOES = (
    "Erases the account and everything that is the person's, at once and for good. "
    "Every token is refused from then on, and the cookie is cleared."
)

document(
    AccountViewSet,
    "Accounts",
    delete_profile=Call(
        "deleteProfile", "Delete your account", GOES, request=None, responses=DELETED
    ),
)
document(
    GdprViewSet,
    "Accounts",
    export=Call(
        "exportData",
        "Download your data",
        "A file with everything that is kept of you, without secrets, as it was at one "
        "moment.",
        responses={200: answer("The file.", ExportSerializer)},
    ),
    erase=Call(
        "deleteData",
        "Delete your account",
        f"{GOES} The same as `DELETE /api/auth/profile`.",
        request=None,
        responses=DELETED,
    ),
    log_consent=Call(
        "logConsent",
        "Say what you agree to",
        "Keeps an answer, with address and user agent, as evidence. Without a token it "
        "is nobody's; a bad token counts as none.",
        request=body(ConsentSerializer, {"preferences": PREFERENCES}),
        responses={
            201: answer("It is kept.", LoggedConsentSerializer),
            400: invalid("preferences.analytics", "give true or false"),
        },
    ),
)
