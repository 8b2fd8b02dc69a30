from __future__ import annotations

from rest_framework import serializers

from focusmaster.api.fields import (
    RFC3339Field,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
)

# Far above what Spotify sends and we give.
MAX_CODE = 2048
MAX_STATE = 2048


class CodeSerializer(StrictSerializer):
    """What Spotify sent the browser back with, handed on by the web client."""

    code = StrictCharField(max_length=MAX_CODE)
    # The cookie counts if it is missing.
    state = StrictCharField(
        max_length=MAX_STATE, required=False, allow_blank=True, allow_null=True
    )


class FocusSerializer(StrictSerializer):
    """What the timer has just begun."""

    phase = StrictChoiceField(choices=["focus", "break", "stop"])


class SpotifyLinkSerializer(serializers.Serializer):
    """A link to Spotify without its secrets."""

    scopes = serializers.ListField(child=serializers.CharField())
    linkedAt = RFC3339Field(source="linked_at")
