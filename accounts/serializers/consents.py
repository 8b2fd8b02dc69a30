"""What a person agrees to."""

from __future__ import annotations

from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    StrictBooleanField,
    StrictCharField,
    StrictSerializer,
)


class PreferencesSerializer(StrictSerializer):
    """What a person agrees to; `timestamp` is when, by the clock of their device."""

    essential = StrictBooleanField()
    analytics = StrictBooleanField()
    marketing = StrictBooleanField()
    timestamp = RFC3339Field(source="decided_at", required=False, allow_null=True)


class ConsentSerializer(StrictSerializer):
    """A consent, as the web client asked for it."""

    _id = IdField(source="id", read_only=True)
    preferences = PreferencesSerializer(source="*")
    ipAddress = StrictCharField(source="ip_address", read_only=True, allow_null=True)
    userAgent = StrictCharField(source="user_agent", read_only=True)
    createdAt = RFC3339Field(source="created_at", read_only=True)

    class Meta:
        ignored = ["id"]  # What the response to logging it holds.
