"""Rows of the accounts in the copy of a person's data."""

from __future__ import annotations

from rest_framework import serializers

from accounts.models import FailedSignIn, User
from accounts.serializers.fields import StatusField
from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    TextListField,
)


class ExportedProfileSerializer(serializers.Serializer):
    """A user in the copy of their data, with what their profile leaves out."""

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
