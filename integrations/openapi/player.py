"""The player, its devices, and music that follows the focus."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.openapi.errors import (
    FORBIDDEN,
    error_response,
    invalid_response,
)
from focusmaster.openapi.texts import (
    extend_view,
    request_body,
    request_texts,
    response_example,
)
from integrations.exceptions import (
    NoActiveDevice,
    PremiumRequired,
    SpotifyNotAdmitted,
)
from integrations.openapi.errors import CONFLICT, SPOTIFY_ERRORS
from integrations.serializers import (
    DeviceSerializer,
    EmptySerializer,
    FocusSerializer,
    PlaySerializer,
)
from integrations.views import SpotifyViewSet

PLAYER = {
    "type": "object",
    "description": "Spotify's own player object, with `connected` beside it.",
    "properties": {
        "connected": {"type": "boolean", "const": True},
        "is_playing": {"type": "boolean"},
        "item": {
            "type": ["object", "null"],
            "description": "The track or episode, as Spotify describes it.",
        },
    },
    "required": ["connected", "is_playing", "item"],
    "additionalProperties": True,
}
DEVICE_LIST = {
    "type": "object",
    "description": "The devices, as Spotify describes them.",
    "properties": {"devices": {"type": "array", "items": {"type": "object"}}},
    "required": ["devices"],
    "additionalProperties": True,
}
PLAYS = {
    "connected": True,
    "device": {"name": "Kitchen", "is_active": True},
    "is_playing": True,
    "item": {"name": "Weightless", "artists": [{"name": "Marconi Union"}]},
}
PLAYS_NOTHING = {"connected": True, "is_playing": False, "item": None}
DONE = {"success": True}


@extend_schema_serializer(
    description="That it is done.",
    component_name="SpotifyDone",
    examples=response_example(**DONE),
)
class DoneSerializer(serializers.Serializer):
    success = serializers.BooleanField()


extend_schema_serializer(
    description="What the person is at now.", component_name="FocusPhase"
)(FocusSerializer)
extend_schema_serializer(
    description="Nothing: the command says it all.", component_name="SpotifyNothing"
)(EmptySerializer)
extend_schema_serializer(
    description="What to play; without anything, what was on last.",
    component_name="SpotifyPlay",
    extensions=request_texts(
        device_id="The device to play on, else the active one.",
        context_uri="An album, a playlist or another thing that has tracks.",
        uris="Tracks and episodes, in this order, instead of `context_uri`.",
        position_ms="Where the first one begins.",
    ),
)(PlaySerializer)
extend_schema_serializer(
    description="Where the music is to go on.",
    component_name="SpotifyDevice",
    extensions=request_texts(
        device_id="An `id` in the list of devices.",
        play="Whether to play there also what is paused now.",
    ),
)(DeviceSerializer)

READ_FORBIDDEN = error_response(
    "Spotify does not admit the person to this app, or they are barred here.",
    SpotifyNotAdmitted,
    *FORBIDDEN,
)
PLAYBACK: dict[str, Any] = {
    "summary": "What is on?",
    "responses": {
        200: OpenApiResponse(
            PLAYER,
            "The player, or that nothing plays.",
            [
                OpenApiExample("plays", PLAYS),
                OpenApiExample("plays_nothing", PLAYS_NOTHING),
            ],
        ),
        403: READ_FORBIDDEN,
        409: CONFLICT,
        **SPOTIFY_ERRORS,
    },
}
ONCE = "Spotify is told so exactly once; when it fails, nothing is tried again."
PLAY = request_body(
    PlaySerializer, uris=["spotify:track:4iV5W9uYEdYUVa79Axb7Rh"], position_ms=30000
)
DEVICES = {
    "devices": [
        {
            "id": "0d1841b0976bae2a3a310dd74c0f3df354899bc8",
            "is_active": True,
            "is_restricted": False,
            "name": "Kitchen",
            "type": "Speaker",
            "volume_percent": 59,
        }
    ]
}
CONTROL: dict[str, Any] = {
    "responses": {
        200: OpenApiResponse(
            DoneSerializer, "Spotify has done it, or it was so already."
        ),
        403: error_response(
            "The person has no Spotify Premium, Spotify does not admit them to this "
            "app, they are barred here, or another site sent the cookie.",
            PremiumRequired,
            SpotifyNotAdmitted,
            *FORBIDDEN,
        ),
        404: error_response("No device plays.", NoActiveDevice),
        409: CONFLICT,
        **SPOTIFY_ERRORS,
    },
}


extend_view(
    SpotifyViewSet,
    now_playing=extend_schema(
        operation_id="getNowPlaying", description="The person's player.", **PLAYBACK
    ),
    player=extend_schema(
        operation_id="getPlayer",
        description="The same as `GET /api/spotify/now-playing`.",
        **PLAYBACK,
    ),
    **{
        name: extend_schema(
            operation_id=operation_id,
            summary="Play",
            description=f"{ONCE} The body may be left out.",
            request=PLAY,
            responses={
                **CONTROL["responses"],
                400: invalid_response("uris", "give at least one URI"),
            },
        )
        for name, operation_id in [("play", "playMusic"), ("put_play", "putPlayMusic")]
    },
    devices=extend_schema(
        operation_id="getSpotifyDevices",
        summary="Where can it play?",
        description="The person's devices that Spotify knows are there.",
        responses={
            200: OpenApiResponse(
                DEVICE_LIST,
                "Spotify's own object.",
                [OpenApiExample("devices", DEVICES)],
            ),
            403: READ_FORBIDDEN,
            409: CONFLICT,
            **SPOTIFY_ERRORS,
        },
    ),
    device=extend_schema(
        operation_id="moveMusic",
        summary="Play on another device",
        description=ONCE,
        request=request_body(
            DeviceSerializer,
            device_id="0d1841b0976bae2a3a310dd74c0f3df354899bc8",
            play=True,
        ),
        responses={
            **CONTROL["responses"],
            400: invalid_response("device_id", "give text"),
        },
    ),
    **{
        name: extend_schema(
            operation_id=operation_id, summary=summary, description=ONCE, **CONTROL
        )
        for name, operation_id, summary in [
            ("pause", "pauseMusic", "Pause"),
            ("put_pause", "putPauseMusic", "Pause"),
            ("next", "nextTrack", "Skip to the next track"),
            ("previous", "previousTrack", "Skip to the previous track"),
            ("prev", "prevTrack", "Skip to the previous track"),
        ]
    },
    focus=extend_schema(
        operation_id="tellFocus",
        summary="Have music follow the focus",
        description="With the setting `spotifyAutoplay`, music plays when focus "
        "begins and pauses in breaks and at the end. The answer does not wait for "
        "Spotify, and tells nothing of it; only the latest phase counts.",
        request=request_body(FocusSerializer, phase="focus"),
        responses={
            202: OpenApiResponse(
                DoneSerializer, "It will be done.", response_example(**DONE)
            ),
            400: invalid_response("phase", "give one of: focus, break, stop"),
        },
    ),
)
