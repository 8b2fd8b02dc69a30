from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.exceptions import EmailTaken
from accounts.passwords import MAX_LENGTH, MIN_LENGTH
from accounts.serializers import (
    CredentialsSerializer,
    GuestSerializer,
    ProfileSerializer,
    RegistrationSerializer,
    SettingsSerializer,
    SignInResponseSerializer,
)
from accounts.views import AccountViewSet
from accounts.views.accounts import WrongCredentials
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
    request_texts,
    response_example,
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


SIGNED_IN = {
    "_id": "507f1f77bcf86cd799439011",
    "name": "John Doe",
    "email": "john@example.com",
    "picture": "",
    "role": "user",
    "isGuest": False,
    "points": 0,
    "token": TOKEN,
}
GUEST = SIGNED_IN | {
    "_id": "507f1f77bcf86cd799439012",
    "name": "Guest",
    "email": "",
    "isGuest": True,
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
    "dayStart": 0,
}


@extend_schema_serializer(
    description="A token for the same sign-in.", examples=response_example(token=TOKEN)
)
class TokenSerializer(serializers.Serializer):
    token = serializers.CharField()


extend_schema_serializer(
    description="Who has signed in, with the token to send from now on.",
    component_name="SignedIn",
    examples=response_example(**SIGNED_IN),
)(SignInResponseSerializer)
extend_schema_serializer(
    description="A new account.",
    extensions=request_texts(
        email="Unique without regard to case and to the spelling of its domain.",
        password=PASSWORD
        | {
            "description": "With a letter and a digit; not a common one, and not like "
            "the name or the email."
        },
    ),
)(RegistrationSerializer)
extend_schema_serializer(
    description="What a person signs in with.",
    extensions=request_texts(password={"format": "password"}),
)(CredentialsSerializer)
extend_schema_serializer(
    description="A guest who comes back, or nothing for a new one.",
    extensions=request_texts(
        guestId="The `_id` of the guest account. Keep it like a password: whoever "
        "knows it gets in. One that is no guest's is ignored."
    ),
)(GuestSerializer)
extend_schema_serializer(
    description="How the app behaves for a person. Durations are in minutes.",
    extensions=field_texts(
        longBreakInterval="After so many focus sessions the break is a long one.",
        dailyGoal="Focus sessions a day.",
        dayStart="The hour on the wall at which a day begins.",
        spotifyAutoplay="Play music while focusing, pause it in breaks.",
        timezone={
            "description": "IANA name of the zone in which days begin.",
            "examples": ["Europe/Berlin"],
        },
    ),
)(SettingsSerializer)
extend_schema_serializer(
    description="A person as they see themselves.",
    examples=response_example(
        _id="507f1f77bcf86cd799439011",
        name="John Doe",
        email="john@example.com",
        picture="https://example.com/avatar.jpg",
        role="user",
        status="active",
        isGuest=False,
        points=150,
        badges=[],
        settings=SETTINGS | {"theme": "dark"},
        createdAt="2026-02-02T09:00:00Z",
    ),
    extensions=field_texts(
        email="Empty for a guest.",
        picture='An https URL, or "" for none.',
        points="10 for each completed focus session.",
    )
    | request_texts(
        email="Only the one that is yours already; a new one is to be confirmed.",
        password=PASSWORD
        | {"description": "A new one. It ends all sign-ins but the one that sets it."},
        currentPassword={
            "format": "password",
            "description": "Needed beside `password`, unless there is none yet.",
        },
    ),
)(ProfileSerializer)
SETS_COOKIE = OpenApiParameter(
    "Set-Cookie",
    location=OpenApiParameter.HEADER,
    description="The token once more, for browsers.",
    response=[200, 201],
)
IS_BARRED = error_response(
    "The account is banned or suspended; the message says why.", *BARRED
)
CHANGE: dict[str, Any] = {
    "summary": "Change your profile",
    "description": "Takes any of the fields; what is left out stays, also among the "
    "settings.",
    "request": request_body(
        ProfileSerializer(partial=True),
        name="John Doe",
        settings={"theme": "dark", "focusDuration": 25},
    ),
    "responses": {
        200: OpenApiResponse(ProfileSerializer, "The profile as it is now."),
        400: invalid_response(
            "settings.theme", "give one of: light, dark, system, blue, green"
        ),
    },
}

extend_view(
    AccountViewSet,
    register=extend_schema(
        operation_id="register",
        summary="Create an account",
        description="Creates the account and signs in to it. With a guest's token, "
        "the guest becomes the account and keeps tasks, sessions and points; the "
        "guest's other sign-ins end. Anyone else's token does not matter.",
        parameters=[SETS_COOKIE],
        request=request_body(
            RegistrationSerializer,
            name="John Doe",
            email="john@example.com",
            password="securePassword123",
        ),
        responses={
            201: OpenApiResponse(SignInResponseSerializer, "The account is there."),
            400: invalid_response("password", "give at least one letter and one digit"),
            409: conflict_response(EmailTaken),
        },
    ),
    guest=extend_schema(
        operation_id="startAsGuest",
        summary="Try it as a guest",
        description="Creates an account that needs neither email nor password, or "
        "resumes it, and signs in to it. It is there until it is deleted or becomes a "
        "full account, see `POST /api/auth/register`.",
        parameters=[SETS_COOKIE],
        request=request_body(GuestSerializer, guestId=GUEST["_id"]),
        responses={
            200: OpenApiResponse(
                SignInResponseSerializer,
                "Signed in as a guest.",
                response_example(**GUEST),
            ),
            400: invalid_response("guestId", "give text"),
            403: IS_BARRED,
        },
    ),
    login=extend_schema(
        operation_id="login",
        summary="Sign in",
        description="Starts a sign-in on this device. It lasts until its token "
        "expires or it is ended.",
        parameters=[SETS_COOKIE],
        request=request_body(
            CredentialsSerializer,
            email="john@example.com",
            password="securePassword123",
        ),
        responses={
            200: OpenApiResponse(SignInResponseSerializer, "Signed in."),
            400: invalid_response("email", "This field is required."),
            401: error_response(
                "No account has this email and password.", WrongCredentials
            ),
            403: IS_BARRED,
        },
    ),
    logout=extend_schema(
        operation_id="logout",
        summary="Sign out",
        description="Ends this sign-in: its tokens are refused from now on, and the "
        "cookie is cleared. Harmless without a token.",
        responses={200: message_response("Signed out.", "Logged out successfully")},
    ),
    refresh=extend_schema(
        operation_id="refreshToken",
        summary="Renew the token",
        description="Moves the end of this sign-in a whole token's life on. The old "
        "token keeps working until it expires.",
        parameters=[SETS_COOKIE],
        responses={200: OpenApiResponse(TokenSerializer, "The new token.")},
    ),
    me=extend_schema(
        operation_id="getMe",
        summary="Read your profile",
        description="The same as `GET /api/auth/profile`.",
        responses={200: OpenApiResponse(ProfileSerializer, "The profile.")},
    ),
    patch_me=extend_schema(operation_id="updateMe", **CHANGE),
    profile=extend_schema(
        operation_id="getProfile",
        summary="Read your profile",
        description="The same as `GET /api/auth/me`.",
        responses={200: OpenApiResponse(ProfileSerializer, "The profile.")},
    ),
    put_profile=extend_schema(operation_id="updateProfile", **CHANGE),
    delete_stats=extend_schema(
        operation_id="resetStats",
        summary="Start afresh",
        description="Deletes all sessions and takes back what they were worth: "
        "points, badges and the completed Pomodoros of tasks. Tasks and work logs "
        "stay.",
        responses={
            200: OpenApiResponse(ProfileSerializer, "The profile as it is now.")
        },
    ),
)
