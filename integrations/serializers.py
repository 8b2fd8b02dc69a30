from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from focusmaster.api.fields import (
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
)
from integrations.models import Phase

# Far above what Spotify sends and we give.
MAX_CODE = 2048
MAX_STATE = 2048
MAX_DEVICE = 255
MAX_URI = 255
URI = re.compile(r"spotify(:[^\s:]+){2,}")
MAX_URIS = 500
# A day, in milliseconds.
MAX_POSITION = 86_400_000


class CodeSerializer(StrictSerializer):
    """What Spotify sent the browser back with, handed on by the web client."""

    code = StrictCharField(max_length=MAX_CODE)
    # The cookie counts if it is missing.
    state = StrictCharField(
        max_length=MAX_STATE, required=False, allow_blank=True, allow_null=True
    )


class FocusSerializer(StrictSerializer):
    """What the timer has just begun."""

    phase = StrictChoiceField(choices=Phase.choices)


class EmptySerializer(StrictSerializer):
    """A body that may hold nothing."""


def device_field(**options: Any) -> StrictCharField:
    """Return a field for the id of a device, which is Spotify's own."""
    return StrictCharField(max_length=MAX_DEVICE, **options)


class UriField(StrictCharField):
    """Spotify's name of a track, an album or another thing, spotify:track:6rqhFg."""

    default_error_messages = {"uri": "give one of Spotify's URIs, as in spotify:track:"}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_URI, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not URI.fullmatch(text):
            self.fail("uri")
        return text


class UrisField(serializers.ListField):
    """URIs in the order in which they are to be played."""

    child = UriField()
    default_error_messages = {
        "not_a_list": "give a list",
        "null": "give a list",
        "empty": "give at least one URI",
        "max_length": "give at most {max_length} URIs",
    }


class PlaySerializer(StrictSerializer):
    """What to play, where and from where on; without anything, what was on last."""

    device_id = device_field(required=False, allow_null=True)
    context_uri = UriField(required=False, allow_null=True)
    uris = UrisField(
        required=False, allow_null=True, allow_empty=False, max_length=MAX_URIS
    )
    position_ms = RoundedIntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_POSITION
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave out what is null; raise ValidationError for two things to play."""
        given = {name: value for name, value in attrs.items() if value is not None}
        if {"context_uri", "uris"} <= given.keys():
            raise serializers.ValidationError(
                {"uris": ["give either context_uri or uris"]}
            )
        return given


class DeviceSerializer(StrictSerializer):
    """Where the music is to go on."""

    device_id = device_field()
    play = StrictBooleanField(default=False)


class SpotifyLinkSerializer(serializers.Serializer):
    """A link to Spotify without its secrets."""

    scopes = serializers.ListField(child=serializers.CharField())
    linkedAt = RFC3339Field(source="linked_at")
