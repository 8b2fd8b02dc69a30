from __future__ import annotations

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts.exceptions import EmailTaken
from accounts.passwords import MAX_LENGTH, MIN_LENGTH
from accounts.serializers import (
    CredentialsSerializer,
    GuestSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SettingsSerializer,
    SignInAnswerSerializer,
)
from accounts.views import AccountViewSet
from accounts.views.accounts import WrongCredentials
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

TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."
PASSWORD = {"format": "password", "minLength": MIN_LENGTH, "maxLength": MAX_LENGTH}


class EmailExtension(OpenApiSerializerFieldExtension):
    target_class = "accounts.serializers.EmailField"
    format = "email"

    def map_serializer_field(self, auto_schema, direction):
        text = {
            "type": "string",
            "format": self.format,
            "maxLength": self.target.max_length,
        }
        if not self.target.allow_blank:
            return text
        # Not `oneOf`: to who takes a format for a hint, "" would be both.
        return {"anyOf": [text, {"type": "string", "const": ""}]}


class PictureExtension(EmailExtension):
    target_class = "accounts.serializers.PictureField"
    format = "uri"


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField()


describe(
    SignInAnswerSerializer,
    "Who has signed in, with the token to send from now on.",
    name="SignedIn",
    example={
        "_id": "507f1f77bcf86cd799439011",
        "name": "John Doe",
        "email": "john@example.com",
        "picture": "",
        "role": "user",
        "isGuest": False,
        "points": 0,
        "token": TOKEN,
    },
)
describe(
    RegistrationSerializer,
    "A new account.",
    given={
        "email": "Unique without regard to case.",
        "password": PASSWORD
        | {
            "description": "With a letter and a digit; not a common one, and not like "
            "the name or the email."
        },
    },
)
describe(
    CredentialsSerializer,
    "What a person signs in with.",
    given={"password": {"format": "password"}},
)
describe(
    GuestSerializer,
    "A guest who comes back, or nothing for a new one.",
    given={
        "guestId": "The `_id` of the guest account. Keep it like a password: whoever "
        "knows it gets in. One that is no guest's is ignored."
    },
)
describe(
    SettingsSerializer,
    "How the app behaves for a person. Durations are in minutes.",
    fields={
        "longBreakInterval": "After so many focus sessions the break is a long one.",
        "dailyGoal": "Focus sessions a day.",
        "spotifyAutoplay": "Play music while focusing, pause it in breaks.",
        "timezone": {
            "description": "IANA name of the zone in which days begin.",
            "examples": ["Europe/Berlin"],
        },
    },
)
describe(
    ProfileSerializer,
    "A person as they see themselves.",
    example={
        "_id": "507f1f77bcf86cd799439011",
        "name": "John Doe",
        "email": "john@example.com",
        "picture": "https://example.com/avatar.jpg",
        "role": "user",
        "status": "active",
        "isGuest": False,
        "points": 150,
        "badges": [],
        "settings": {
            "theme": "dark",
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
        },
        "createdAt": "2026-02-02T09:00:00Z",
    },
    fields={
        "email": "Empty for a guest.",
        "picture": 'An https URL, or "" for none.',
        "points": "10 for each completed focus session.",
    },
    given={
        "email": "Only the one that is yours already; a new one is to be confirmed.",
        "password": PASSWORD
        | {"description": "A new one. It ends all sign-ins, but for a browser's own."},
        "currentPassword": {
            "format": "password",
            "description": "Needed beside `password`, unless there is none yet.",
        },
    },
)
describe(
    TokenSerializer,
    "A token for the same sign-in.",
    name="Token",
    example={"token": TOKEN},
)

SETS_COOKIE = OpenApiParameter(
    "Set-Cookie",
    location=OpenApiParameter.HEADER,
    description="The token once more, for browsers.",
    response=[200, 201],
)
BARRED_MESSAGES = {
    "banned": "This account is banned: Violation of terms",
    "suspended": "This account is suspended until 2026-02-09T10:00:00Z.",
}
BARRED = refusal(
    "The account is banned or suspended; the message says why.", **BARRED_MESSAGES
)
GUEST = {
    "_id": "507f1f77bcf86cd799439012",
    "name": "Guest",
    "email": "",
    "picture": "",
    "role": "user",
    "isGuest": True,
    "points": 0,
    "token": TOKEN,
}
CHANGES = "Takes any of the fields; what is left out stays, also among the settings."
CHANGE = {
    "request": body(
        ProfileSerializer(partial=True),
        {"name": "John Doe", "settings": {"theme": "dark", "focusDuration": 25}},
    ),
    "responses": {
        200: answer("The profile as it is now.", ProfileSerializer),
        400: invalid("settings.theme", "give one of: light, dark, system, blue, green"),
    },
}

document(
    AccountViewSet,
    "Accounts",
    register=Call(
        "register",
        "Create an account",
        "Creates the account and signs in to it. With a guest's token, the guest "
        "becomes the account and keeps tasks, sessions and points; the guest's other "
        "sign-ins end. Anyone else's token does not matter.",
        parameters=[SETS_COOKIE],
        request=body(
            RegistrationSerializer,
            {
                "name": "John Doe",
                "email": "john@example.com",
                "password": "securePassword123",
            },
        ),
        responses={
            201: answer("The account is there.", SignInAnswerSerializer),
            400: invalid("password", "give at least one letter and one digit"),
            409: conflict(EmailTaken),
        },
    ),
    guest=Call(
        "startAsGuest",
        "Try it as a guest",
        "Creates an account that needs neither email nor password, or resumes it, and "
        "signs in to it. It is there until it is deleted or becomes a full account, "
        "see `POST /api/auth/register`.",
        parameters=[SETS_COOKIE],
        request=body(GuestSerializer, {"guestId": GUEST["_id"]}),
        responses={
            200: answer("Signed in as a guest.", SignInAnswerSerializer, GUEST),
            400: invalid("guestId", "give text"),
            403: BARRED,
        },
    ),
    login=Call(
        "login",
        "Sign in",
        "Starts a sign-in on this device. It lasts until its token "
        "expires or it is ended.",
        parameters=[SETS_COOKIE],
        request=body(
            CredentialsSerializer,
            {"email": "john@example.com", "password": "securePassword123"},
        ),
        responses={
            200: answer("Signed in.", SignInAnswerSerializer),
            400: invalid("email", "This field is required."),
            401: refusal(
                "No account has this email and password.",
                **{WrongCredentials.default_code: WrongCredentials.default_detail},
            ),
            403: BARRED,
        },
    ),
    logout=Call(
        "logout",
        "Sign out",
        "Ends this sign-in: its tokens are refused from now on, and the "
        "cookie is cleared. Harmless without a token.",
        request=None,
        responses={
            200: answer(
                "Signed out.",
                MessageSerializer,
                {"message": "Logged out successfully"},
            )
        },
    ),
    refresh=Call(
        "refreshToken",
        "Renew the token",
        "Moves the end of this sign-in a whole token's life on. The old "
        "token keeps working until it expires.",
        parameters=[SETS_COOKIE],
        request=None,
        responses={200: answer("The new token.", TokenSerializer)},
    ),
    me=Call(
        "getMe",
        "Read your profile",
        "The same as `GET /api/auth/profile`.",
        responses={200: answer("The profile.", ProfileSerializer)},
    ),
    patch_me=Call("updateMe", "Change your profile", CHANGES, **CHANGE),
    profile=Call(
        "getProfile",
        "Read your profile",
        "The same as `GET /api/auth/me`.",
        responses={200: answer("The profile.", ProfileSerializer)},
    ),
    put_profile=Call("updateProfile", "Change your profile", CHANGES, **CHANGE),
    delete_stats=Call(
        "resetStats",
        "Start afresh",
        "Deletes all sessions and takes back what they were worth: points, badges and "
        "the completed Pomodoros of tasks. Tasks and work logs stay.",
        request=None,
        responses={200: answer("The profile as it is now.", ProfileSerializer)},
    ),
)
