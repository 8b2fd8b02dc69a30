"""How the OpenAPI document describes the endpoints of this app, in this order."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.errors import (
    ERROR_SCHEMA,
    FORBIDDEN,
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
from integrations.exceptions import (
    InvalidState,
    NoActiveDevice,
    PremiumRequired,
    SpotifyNotAdmitted,
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyRefused,
    SpotifyUnavailable,
)
from integrations.serializers import (
    CodeSerializer,
    DeviceSerializer,
    EmptySerializer,
    FocusSerializer,
    PlaySerializer,
    SpotifyLinkSerializer,
)
from integrations.views import CONNECTED, CallbackViewSet, SpotifyViewSet

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
CONFLICT_SCHEMA = ERROR_SCHEMA | {
    "properties": ERROR_SCHEMA["properties"]
    | {
        "connected": {
            "type": "boolean",
            "const": False,
            "description": "Only there when Spotify is not connected.",
        }
    }
}
DONE = {"success": True}
SCOPES = "What the person allowed, in Spotify's words."


@extend_schema_serializer(
    description="Where to send the browser.",
    component_name="SpotifyAuthorization",
    examples=response_example(
        url="https://accounts.spotify.com/authorize?client_id=5f1c&response_type="
        "code&redirect_uri=https%3A%2F%2Ffocus.example.com%2Fapi%2Fspotify%2Fcallback"
        "&scope=user-modify-playback-state+user-read-playback-state&state=gAAAAABp"
    ),
    extensions=field_texts(url={"format": "uri"}),
)
class AuthorizationSerializer(serializers.Serializer):
    url = serializers.CharField()


@extend_schema_serializer(
    description="Whether Spotify is connected now.",
    component_name="SpotifyConnected",
    examples=response_example(success=True, message=CONNECTED),
    extensions=field_texts(success="False when the person did not want it."),
)
class ConnectedSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    message = serializers.CharField()


@extend_schema_serializer(
    description="That Spotify is connected now.",
    component_name="SpotifyConnectedFor",
    examples=response_example(success=True, message=CONNECTED, expires_in=3600),
    extensions=field_texts(
        expires_in="Seconds until the service renews its access; nothing to do."
    ),
)
class ConnectedForSerializer(ConnectedSerializer):
    expires_in = serializers.IntegerField()


@extend_schema_serializer(
    description="That it is done.",
    component_name="SpotifyDone",
    examples=response_example(**DONE),
)
class DoneSerializer(serializers.Serializer):
    success = serializers.BooleanField()


@extend_schema_serializer(
    description="The link to Spotify.",
    component_name="SpotifyStatus",
    examples=response_example(
        connected=True,
        scopes=["user-modify-playback-state", "user-read-playback-state"],
        linkedAt="2026-02-02T10:00:00Z",
    ),
    extensions=field_texts(scopes=SCOPES),
)
class StatusSerializer(serializers.Serializer):
    connected = serializers.BooleanField()
    scopes = serializers.ListField(child=serializers.CharField())
    linkedAt = RFC3339Field(allow_null=True)


extend_schema_serializer(
    description="What Spotify sent the browser back with.",
    component_name="SpotifyCode",
    extensions=request_texts(
        state="Without it, the cookie counts that came with the page's URL."
    ),
)(CodeSerializer)
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
extend_schema_serializer(
    description="The link to Spotify, without the tokens.",
    extensions=field_texts(scopes=SCOPES),
)(SpotifyLinkSerializer)

WRONG_STATE = invalid_response("state", InvalidState().message)
CONFLICT = error_response(
    "There is no link, or Spotify does not want to.", SpotifyNotLinked, SpotifyRefused
)
CONFLICT.response = CONFLICT_SCHEMA
UNAVAILABLE = error_response(
    "Spotify is not set up here, or the database does not answer.",
    SpotifyNotConfigured,
    DatabaseUnavailable,
)
# What may come of any request that Spotify is asked for.
SPOTIFY_ERRORS = {
    429: error_response(
        "Spotify gets too many requests; `Retry-After` is its own. It is asked nothing "
        "for that time, 5 minutes at most, for anybody.",
        SpotifyRateLimited,
    ),
    502: error_response(
        "Spotify is down, too slow, or makes no sense. It takes 5 seconds at most.",
        SpotifyUnavailable,
    ),
    503: UNAVAILABLE,
}
AUTHORIZATION: dict[str, Any] = {
    "summary": "Begin to connect Spotify",
    "parameters": [
        OpenApiParameter(
            "Set-Cookie",
            location=OpenApiParameter.HEADER,
            description="The `state` that is in the URL, for the way back.",
            response=[200],
        )
    ],
    "responses": {
        200: OpenApiResponse(AuthorizationSerializer, "The URL."),
        503: UNAVAILABLE,
    },
}
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
    auth_url=extend_schema(
        operation_id="getSpotifyUrl",
        description="Send the browser there. The person comes back to the callback "
        "within ten minutes, once, in the browser that asked or signed in as "
        "themselves. Spotify always asks them, so that another account can be chosen.",
        **AUTHORIZATION,
    ),
    login=extend_schema(
        operation_id="getSpotifyLogin",
        description="The same as `GET /api/spotify/auth-url`.",
        **AUTHORIZATION,
    ),
)
extend_view(
    CallbackViewSet,
    arrive=extend_schema(
        operation_id="arriveFromSpotify",
        summary="Come back from Spotify",
        description="Spotify sends the browser here. Whose link it becomes, the state "
        "tells. A browser is led on to the web client with `?spotify=connected` or "
        "`=error`; the answers here are for who asks for `application/json`.",
        parameters=[
            OpenApiParameter("code", description="What Spotify gave."),
            OpenApiParameter(
                "state",
                description="From the URL. Without it, the cookie counts, together "
                "with a token.",
            ),
            OpenApiParameter(
                "error", description="Instead of a code: the person did not want it."
            ),
        ],
        responses={
            200: OpenApiResponse(ConnectedSerializer, "What has become of it."),
            400: WRONG_STATE,
            401: None,
            **SPOTIFY_ERRORS,
        },
    ),
    hand_on=extend_schema(
        operation_id="connectSpotify",
        summary="Hand on the code from Spotify",
        description="For a web client that Spotify sends the browser to.",
        request=request_body(CodeSerializer, code="AQDKq1", state="gAAAAABp"),
        responses={
            200: OpenApiResponse(ConnectedForSerializer, "Spotify is connected."),
            400: WRONG_STATE,
            **SPOTIFY_ERRORS,
        },
    ),
)
extend_view(
    SpotifyViewSet,
    status=extend_schema(
        operation_id="getSpotifyStatus",
        summary="Is Spotify connected?",
        description="Tells what is known here; Spotify is not asked.",
        responses={200: OpenApiResponse(StatusSerializer, "Whether, and since when.")},
    ),
    destroy_all=extend_schema(
        operation_id="disconnectSpotify",
        summary="Disconnect Spotify",
        description="Forgets the link; harmless without one. That the service was "
        "allowed to, the person can take back at spotify.com/account/apps.",
        responses={
            200: message_response(
                "There is no link any more.", "Spotify is disconnected"
            )
        },
    ),
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
