"""A person's profile and settings, as they see and change them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.addresses import email_key
from accounts.models import SETTING_LIMITS, User
from accounts.passwords import MAX_TYPED
from accounts.serializers.fields import (
    EmailField,
    PictureField,
    StatusField,
    check_new_password,
)
from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    TextListField,
    TypedTextField,
)
from focusmaster.dates.zones import is_timezone


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
    timezone = StrictCharField(max_length=64)
    weekStart = StrictChoiceField(User.WeekStart.choices, source="week_start")
    dayStart = minutes_or_count("day_start")

    def validate_timezone(self, name: str) -> str:
        if not is_timezone(name):
            raise serializers.ValidationError(
                "give an IANA time zone such as Europe/Berlin"
            )
        return name


class ProfileSerializer(StrictSerializer):
    """A user as they see themselves."""

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
    password = TypedTextField(
        max_length=MAX_TYPED, trim_whitespace=False, write_only=True, required=False
    )
    currentPassword = TypedTextField(
        max_length=MAX_TYPED,
        trim_whitespace=False,
        write_only=True,
        required=False,
        allow_blank=True,
    )

    class Meta:
        ignored = ["token"]  # What the response to signing in holds beside it.

    def validate_email(self, email: str) -> str:
        if email_key(email) != email_key(self.context["request"].user.email):
            raise serializers.ValidationError(
                "a new address is confirmed with a code: use /api/auth/otp/send"
            )
        return email

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("email", None)  # The present one, perhaps in another spelling.
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
