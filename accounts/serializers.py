from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator, validate_email
from django.db import models
from django.db.models import Case, Expression, F, Q, When
from django.db.models.functions import Now
from rest_framework import serializers

from accounts.models import SETTING_LIMITS, FailedSignIn, User
from accounts.models.email_changes import CODE_DIGITS
from focusmaster.api.fields import (
    FlagField,
    IdField,
    InstantField,
    StrictSerializer,
    TextField,
    TextListField,
    WholeNumberField,
    WordField,
)
from focusmaster.dates.periods import is_timezone
from focusmaster.db.fields import OBJECT_ID
from focusmaster.db.json_rows import Text

MAX_EMAIL_LENGTH = 254
MAX_PICTURE_LENGTH = 2048


def minutes_or_count(source: str, **kwargs: Any) -> WholeNumberField:
    least, most = SETTING_LIMITS[source]
    return WholeNumberField(source=source, min_value=least, max_value=most, **kwargs)


class SettingsSerializer(StrictSerializer):
    """A person's settings; durations in minutes."""

    theme = WordField(User.Theme.choices)
    focusDuration = minutes_or_count("focus_minutes")
    shortBreakDuration = minutes_or_count("short_break_minutes")
    longBreakDuration = minutes_or_count("long_break_minutes")
    longBreakInterval = minutes_or_count("long_break_interval")
    dailyGoal = minutes_or_count("daily_goal")
    autoStartSession = FlagField(source="auto_start_session")
    autoStartBreak = FlagField(source="auto_start_break")
    strictMode = FlagField(source="strict_mode")
    spotifyAutoplay = FlagField(source="spotify_autoplay")
    motivationalQuotes = FlagField(source="motivational_quotes")
    soundEnabled = FlagField(source="sound_enabled")
    timezone = TextField()
    weekStart = WordField(User.WeekStart.choices, source="week_start")

    def validate_timezone(self, name: str) -> str:
        if not is_timezone(name):
            raise serializers.ValidationError(
                "give an IANA time zone such as Europe/Berlin"
            )
        return name


class EmailField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        email = super().to_internal_value(data)
        try:
            validate_email(email)
        except DjangoValidationError:
            raise serializers.ValidationError("give a valid email address") from None
        return email


class PictureField(TextField):
    """An https URL, or "" for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PICTURE_LENGTH, allow_blank=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> str:
        url = super().run_validation(data)
        try:
            if url:
                URLValidator(schemes=["https"])(url)
        except DjangoValidationError:
            raise serializers.ValidationError("give an https URL, or nothing") from None
        # The validator takes the scheme in any letters, the database in small ones.
        scheme, separator, rest = url.partition("://")
        return f"{scheme.lower()}{separator}{rest}"


def check_new_password(password: str, user: User) -> None:
    """Raise ValidationError unless the password is fit for this user."""
    try:
        validate_password(password, user)
    except DjangoValidationError as exc:
        raise serializers.ValidationError({"password": exc.messages}) from None


class StatusField(WordField):
    """The status as it is by now: a suspension ends by itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.Status.choices, **kwargs)

    def as_document(self, prefix: str) -> list[Expression]:
        is_over = Q(
            **{f"{prefix}status": "suspended", f"{prefix}banned_until__lte": Now()}
        )
        status = Case(
            When(is_over, then=Text("active")),
            default=F(f"{prefix}status"),
            output_field=models.TextField(),
        )
        return [Text('"'), status, Text('"')]


class ProfileSerializer(StrictSerializer):
    """A person as they see themselves."""

    _id = IdField(source="id", read_only=True)
    name = TextField(max_length=100, required=False)
    email = EmailField(required=False, allow_blank=True)
    picture = PictureField(required=False)
    role = WordField(User.Role.choices, read_only=True)
    status = StatusField(read_only=True)
    isGuest = FlagField(source="is_guest", read_only=True)
    points = WholeNumberField(read_only=True)
    badges = TextListField(child=TextField(), read_only=True)
    settings = SettingsSerializer(source="*", required=False)
    createdAt = InstantField(source="created_at", read_only=True)
    password = TextField(write_only=True, required=False, trim_whitespace=False)
    currentPassword = TextField(
        write_only=True, required=False, allow_blank=True, trim_whitespace=False
    )

    class Meta:
        ignored = ["token"]  # What signing in answered beside the profile.

    def validate_email(self, email: str) -> str:
        if email.lower() != self.context["request"].user.email.lower():
            raise serializers.ValidationError(
                "a new address is confirmed with a code: use /api/auth/otp/send"
            )
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("email", None)  # The same one; perhaps in other letters.
        user = self.context["request"].user
        password, current = attrs.get("password"), attrs.pop("currentPassword", "")
        if password is not None:
            if user.is_guest:
                raise serializers.ValidationError(
                    {"password": ["create an account first, with /api/auth/register"]}
                )
            name = attrs.get("name", user.name)
            check_new_password(password, User(name=name, email=user.email))
            attrs["current_password"] = current
        return attrs


class SignInAnswerSerializer(serializers.Serializer):
    """A person who has just signed in, with the token of the new sign-in."""

    _id = IdField(source="id")
    name = TextField()
    email = EmailField(allow_blank=True)
    picture = PictureField()
    role = WordField(User.Role.choices)
    isGuest = FlagField(source="is_guest")
    points = WholeNumberField()
    token = TextField()


class RegistrationSerializer(StrictSerializer):
    name = TextField(max_length=100)
    email = EmailField()
    password = TextField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["password"], User(name=attrs["name"], email=attrs["email"])
        )
        return attrs


class CredentialsSerializer(StrictSerializer):
    email = TextField()
    password = TextField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)


class GuestSerializer(StrictSerializer):
    guestId = TextField(source="id", required=False, allow_null=True, allow_blank=True)

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take what cannot be an id for none."""
        given = attrs.get("id") or ""
        return {"id": given if OBJECT_ID.fullmatch(given) else None}


class NewEmailSerializer(StrictSerializer):
    newEmail = EmailField(source="new_email")


class CodeSerializer(StrictSerializer):
    otp = TextField(source="code")

    def validate_otp(self, code: str) -> str:
        if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", code):
            raise serializers.ValidationError(f"give the {CODE_DIGITS} digits")
        return code


class ForgottenPasswordSerializer(StrictSerializer):
    # Any text: whether it could be an address is nothing that an answer depends on.
    email = TextField(max_length=MAX_EMAIL_LENGTH)


class NewPasswordSerializer(StrictSerializer):
    token = TextField()
    password = TextField(trim_whitespace=False)


class SignInSerializer(serializers.Serializer):
    """A device on which the person signed in."""

    _id = IdField(source="id")
    device = TextField()
    ipAddress = TextField(source="ip_address", allow_null=True)
    createdAt = InstantField(source="created_at")
    lastUsedAt = InstantField(source="last_used_at")
    expiresAt = InstantField(source="expires_at")
    current = serializers.SerializerMethodField()

    def get_current(self, sign_in) -> bool:
        return sign_in.pk == self.context["current"].pk


class PreferencesSerializer(StrictSerializer):
    """What a person agrees to; `timestamp` is when, by the clock of their device."""

    essential = FlagField()
    analytics = FlagField()
    marketing = FlagField()
    timestamp = InstantField(source="decided_at", required=False, allow_null=True)


class ConsentSerializer(StrictSerializer):
    """An answer to what the web client asked."""

    _id = IdField(source="id", read_only=True)
    preferences = PreferencesSerializer(source="*")
    ipAddress = TextField(source="ip_address", read_only=True, allow_null=True)
    userAgent = TextField(source="user_agent", read_only=True)
    createdAt = InstantField(source="created_at", read_only=True)

    class Meta:
        ignored = ["id"]  # What logging it answered.


class ExportedProfileSerializer(serializers.Serializer):
    """A person in the copy of their data: also what no page of theirs shows."""

    _id = IdField(source="id")
    name = TextField()
    email = TextField()
    picture = TextField()
    role = WordField(User.Role.choices)
    status = StatusField()
    banReason = TextField(source="ban_reason")
    bannedUntil = InstantField(source="banned_until", allow_null=True)
    isGuest = FlagField(source="is_guest")
    points = WholeNumberField()
    badges = TextListField(child=TextField())
    totalFocusTime = WholeNumberField(source="focus_seconds")
    totalSessions = WholeNumberField(source="focus_count")
    createdAt = InstantField(source="created_at")
    updatedAt = InstantField(source="updated_at")


class EmailChangeSerializer(serializers.Serializer):
    """A new address that a person has not confirmed yet."""

    newEmail = TextField(source="new_email")
    expiresAt = InstantField(source="expires_at")


class ExportedSignInSerializer(serializers.Serializer):
    """A sign-in in the copy of a person's data: also one that has ended."""

    _id = IdField(source="id")
    device = TextField()
    ipAddress = TextField(source="ip_address", allow_null=True)
    createdAt = InstantField(source="created_at")
    lastUsedAt = InstantField(source="last_used_at")
    expiresAt = InstantField(source="expires_at")
    revokedAt = InstantField(source="revoked_at", allow_null=True)


class FailedSignInSerializer(serializers.Serializer):
    """Somebody's attempt to sign in to a person's account."""

    _id = IdField(source="id")
    where = WordField(FailedSignIn.Where.choices)
    device = TextField()
    ipAddress = TextField(source="ip_address", allow_null=True)
    createdAt = InstantField(source="created_at")
