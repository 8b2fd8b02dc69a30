"""The devices on which a person is signed in."""

from __future__ import annotations

from rest_framework import serializers

from focusmaster.api.fields import IdField, RFC3339Field, StrictCharField


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
