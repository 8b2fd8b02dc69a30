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
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    TextListField,
)
from focusmaster.dates.periods import is_timezone
from focusmaster.db.fields import OBJECT_ID
from focusmaster.db.json_rows import Constant

MAX_EMAIL_LENGTH = 254
MAX_PICTURE_LENGTH = 2048


def minutes_or_count(source: str, **kwargs: Any) -> RoundedIntegerField:
    least, most = SETTING_LIMITS[source]
    return RoundedIntegerField(source=source, min_value=least, max_value=most, **kwargs)


class SettingsSerializer(StrictSerializer):
    """A person's settings; durations in minutes."""

    theme = StrictChoiceField(User.Theme.choices)
    focusDuration = minutes_or_count("focus_minutes")
    shortBreakDuration = minutes_or_count("short_break_minutes")
    longBreakDuration = minutes_or_count("long_break_minutes")
    longBreakInterval = minutes_or_count("long_break_interval")
    dailyGoal = minutes_or_count("daily_goal")
    autoStartSession = StrictBooleanField(source="auto_start_session")
    autoStartBreak = StrictBooleanField(source="auto_start_break")
    strictMode = StrictBooleanField(source="strict_mode")
    spotifyAutoplay = StrictBooleanField(source="spotify_autoplay")
    motivationalQuotes = StrictBooleanField(source="motivational_quotes")
    soundEnabled = StrictBooleanField(source="sound_enabled")
    timezone = StrictCharField()
    weekStart = StrictChoiceField(User.WeekStart.choices, source="week_start")

    def validate_timezone(self, name: str) -> str:
        if not is_timezone(name):
            raise serializers.ValidationError(
                "give an IANA time zone such as Europe/Berlin"
            )
        return name


class EmailField(StrictCharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        email = super().to_internal_value(data)
        try:
            validate_email(email)
        except DjangoValidationError:
            raise serializers.ValidationError("give a valid email address") from None
        return email


class PictureField(StrictCharField):
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


class StatusField(StrictChoiceField):
    """The status as it is by now: a suspension ends by itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.Status.choices, **kwargs)

    def as_json(self, prefix: str) -> list[Expression]:
        is_over = Q(
            **{f"{prefix}status": "suspended", f"{prefix}banned_until__lte": Now()}
        )
        status = Case(
            When(is_over, then=Constant("active")),
            default=F(f"{prefix}status"),
            output_field=models.TextField(),
        )
        return [Constant('"'), status, Constant('"')]


class ProfileSerializer(StrictSerializer):
    """A person as they see themselves."""

    _id = IdField(source="id", read_only=True)
    name = StrictCharField(max_length=100, required=False)
    email = EmailField(required=False, allow_blank=True)
    picture = PictureField(required=False)
    role = StrictChoiceField(User.Role.choices, read_only=True)
    status = StatusField(read_only=True)
    isGuest = StrictBooleanField(source="is_guest", read_only=True)
    points = RoundedIntegerField(source="progress.points", read_only=True)
    badges = TextListField(
        source="progress.badges", child=StrictCharField(), read_only=True
    )
    settings = SettingsSerializer(source="*", required=False)
    createdAt = RFC3339Field(source="created_at", read_only=True)
    password = StrictCharField(write_only=True, required=False, trim_whitespace=False)
    currentPassword = StrictCharField(
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
    name = StrictCharField()
    email = EmailField(allow_blank=True)
    picture = PictureField()
    role = StrictChoiceField(User.Role.choices)
    isGuest = StrictBooleanField(source="is_guest")
    points = RoundedIntegerField(source="progress.points")
    token = StrictCharField()


class RegistrationSerializer(StrictSerializer):
    name = StrictCharField(max_length=100)
    email = EmailField()
    password = StrictCharField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["password"], User(name=attrs["name"], email=attrs["email"])
        )
        return attrs


class CredentialsSerializer(StrictSerializer):
    email = StrictCharField()
    password = StrictCharField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)


class GuestSerializer(StrictSerializer):
    guestId = StrictCharField(
        source="id", required=False, allow_null=True, allow_blank=True
    )

    class Meta:
        ignored = list(SignInAnswerSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take what cannot be an id for none."""
        given = attrs.get("id") or ""
        return {"id": given if OBJECT_ID.fullmatch(given) else None}


class NewEmailSerializer(StrictSerializer):
    newEmail = EmailField(source="new_email")


class CodeSerializer(StrictSerializer):
    otp = StrictCharField(source="code")

    def validate_otp(self, code: str) -> str:
        if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", code):
            raise serializers.ValidationError(f"give the {CODE_DIGITS} digits")
        return code


class ForgottenPasswordSerializer(StrictSerializer):
    # Any text: whether it could be an address is nothing that an answer depends on.
    email = StrictCharField(max_length=MAX_EMAIL_LENGTH)


class NewPasswordSerializer(StrictSerializer):
    token = StrictCharField()
    password = StrictCharField(trim_whitespace=False)


class SignInSerializer(serializers.Serializer):
    """A device on which the person signed in."""

    _id = IdField(source="id")
    device = StrictCharField()
    ipAddress = StrictCharField(source="ip_address", allow_null=True)
    createdAt = RFC3339Field(source="created_at")
    lastUsedAt = RFC3339Field(source="last_used_at")
    expiresAt = RFC3339Field(source="expires_at")
    current = serializers.SerializerMethodField()

    def get_current(self, sign_in) -> bool:
        return sign_in.pk == self.context["current"].pk


class PreferencesSerializer(StrictSerializer):
    """What a person agrees to; `timestamp` is when, by the clock of their device."""

    essential = StrictBooleanField()
    analytics = StrictBooleanField()
    marketing = StrictBooleanField()
    timestamp = RFC3339Field(source="decided_at", required=False, allow_null=True)


class ConsentSerializer(StrictSerializer):
    """An answer to what the web client asked."""

    _id = IdField(source="id", read_only=True)
    preferences = PreferencesSerializer(source="*")
    ipAddress = StrictCharField(source="ip_address", read_only=True, allow_null=True)
    userAgent = StrictCharField(source="user_agent", read_only=True)
    createdAt = RFC3339Field(source="created_at", read_only=True)

    class Meta:
        ignored = ["id"]  # What logging it answered.


class ExportedProfileSerializer(serializers.Serializer):
    """A person in the copy of their data: also what no page of theirs shows."""

    _id = IdField(source="id")
    name = StrictCharField()
    email = StrictCharField()
    picture = StrictCharField()
    role = StrictChoiceField(User.Role.choices)
    status = StatusField()
    banReason = StrictCharField(source="ban_reason")
    bannedUntil = RFC3339Field(source="banned_until", allow_null=True)
    isGuest = StrictBooleanField(source="is_guest")
    points = RoundedIntegerField(source="progress.points")
    badges = TextListField(source="progress.badges", child=StrictCharField())
    totalFocusTime = RoundedIntegerField(source="progress.focus_seconds")
    totalSessions = RoundedIntegerField(source="progress.focus_count")
    createdAt = RFC3339Field(source="created_at")
    updatedAt = RFC3339Field(source="updated_at")


class EmailChangeSerializer(serializers.Serializer):
    """A new address that a person has not confirmed yet."""

    newEmail = StrictCharField(source="new_email")
    expiresAt = RFC3339Field(source="expires_at")


class ExportedSignInSerializer(serializers.Serializer):
    """A sign-in in the copy of a person's data: also one that has ended."""

    _id = IdField(source="id")
    device = StrictCharField()
    ipAddress = StrictCharField(source="ip_address", allow_null=True)
    createdAt = RFC3339Field(source="created_at")
    lastUsedAt = RFC3339Field(source="last_used_at")
    expiresAt = RFC3339Field(source="expires_at")
    revokedAt = RFC3339Field(source="revoked_at", allow_null=True)


class FailedSignInSerializer(serializers.Serializer):
    """Somebody's attempt to sign in to a person's account."""

    _id = IdField(source="id")
    where = StrictChoiceField(FailedSignIn.Where.choices)
    device = StrictCharField()
    ipAddress = StrictCharField(source="ip_address", allow_null=True)
    createdAt = RFC3339Field(source="created_at")
