"""How the OpenAPI document describes the calls of this app, in this order."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.components import COMMON_ERRORS, ERROR_SCHEMA, error_example
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    body,
    describe,
    document,
    invalid,
    refusal,
)
from integrations.exceptions import (
    InvalidState,
    NoActiveDevice,
    PremiumRequired,
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyRefused,
    SpotifyUnavailable,
)
from integrations.serializers import (
    CodeSerializer,
    FocusSerializer,
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
            "description": "The track, as Spotify describes it.",
        },
    },
    "required": ["connected", "is_playing", "item"],
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
STATE = InvalidState().message


class AuthorizationSerializer(serializers.Serializer):
    url = serializers.CharField()


class ConnectedSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    message = serializers.CharField()


class ConnectedForSerializer(ConnectedSerializer):
    expires_in = serializers.IntegerField()


class DoneSerializer(serializers.Serializer):
    success = serializers.BooleanField()


class StatusSerializer(serializers.Serializer):
    connected = serializers.BooleanField()
    scopes = serializers.ListField(child=serializers.CharField())
    linkedAt = RFC3339Field(allow_null=True)


describe(
    AuthorizationSerializer,
    "Where to send the browser.",
    name="SpotifyAuthorization",
    example={
        "url": "https://accounts.spotify.com/authorize?client_id=5f1c&response_type="
        "code&redirect_uri=https%3A%2F%2Ffocus.example.com%2Fapi%2Fspotify%2Fcallback"
        "&scope=user-modify-playback-state+user-read-playback-state&state=gAAAAABp"
    },
    fields={"url": {"format": "uri"}},
)
describe(
    ConnectedSerializer,
    "Whether Spotify is connected now.",
    name="SpotifyConnected",
    example={"success": True, "message": CONNECTED},
    fields={"success": "False when the person did not want it."},
)
describe(
    ConnectedForSerializer,
    "That Spotify is connected now.",
    name="SpotifyConnectedFor",
    example={"success": True, "message": CONNECTED, "expires_in": 3600},
    fields={
        "expires_in": "Seconds until the service renews its access; nothing to do."
    },
)
describe(
    CodeSerializer,
    "What Spotify sent the browser back with.",
    name="SpotifyCode",
    given={"state": "Without it, the cookie counts that came with the page's URL."},
)
describe(FocusSerializer, "What the person is at now.", name="FocusPhase")
describe(
    DoneSerializer, "That it is done.", name="SpotifyDone", example={"success": True}
)
describe(
    StatusSerializer,
    "The link to Spotify.",
    name="SpotifyStatus",
    example={
        "connected": True,
        "scopes": ["user-modify-playback-state", "user-read-playback-state"],
        "linkedAt": "2026-02-02T10:00:00Z",
    },
    fields={"scopes": "What the person allowed, in Spotify's words."},
)


describe(
    SpotifyLinkSerializer,
    "The link to Spotify, without the tokens.",
    name="SpotifyLink",
    fields={"scopes": "What the person allowed, in Spotify's words."},
)


def messages_of(*errors: Any) -> dict[str, str]:
    return {error.default_code: error.default_detail for error in errors}


def examples_of(common: int) -> dict[str, str]:
    """Return the messages of an error that any call can have, by their codes."""
    content = COMMON_ERRORS[common][1]["content"]["application/json"]
    return {code: one["value"]["message"] for code, one in content["examples"].items()}


def conflict(*violations: type[Exception]) -> OpenApiResponse:
    examples = [
        OpenApiExample(one.code, {**one.more, **error_example(one.code, one.message)})
        for one in violations
    ]
    return OpenApiResponse(
        CONFLICT_SCHEMA, "There is no link, or Spotify does not want to.", examples
    )


UNAVAILABLE = refusal(
    "Spotify is not set up here, or the database does not answer.",
    **messages_of(SpotifyNotConfigured, DatabaseUnavailable),
)
# What Spotify itself may say to any call.
ANSWERS_OF_SPOTIFY = {
    429: refusal(
        "Spotify gets too many requests; `Retry-After` is its own.",
        **messages_of(SpotifyRateLimited),
    ),
    502: refusal(
        "Spotify is down, too slow, or makes no sense. It takes 5 seconds at most.",
        **{SpotifyUnavailable.code: SpotifyUnavailable.message},
    ),
    503: UNAVAILABLE,
}
AUTHORIZATION = {
    "responses": {
        200: answer("The URL.", AuthorizationSerializer),
        503: UNAVAILABLE,
    },
    "parameters": [
        OpenApiParameter(
            "Set-Cookie",
            location=OpenApiParameter.HEADER,
            description="The `state` that is in the URL, for the way back.",
            response=[200],
        )
    ],
}
ASKS = (
    "Send the browser there. The person comes back to the callback within ten minutes, "
    "once."
)
PLAYBACK = {
    "responses": {
        200: OpenApiResponse(
            PLAYER,
            "The player, or that nothing plays.",
            [
                OpenApiExample("plays", PLAYS),
                OpenApiExample("plays_nothing", PLAYS_NOTHING),
            ],
        ),
        409: conflict(SpotifyNotLinked, SpotifyRefused),
        **ANSWERS_OF_SPOTIFY,
    }
}
CONTROL = {
    "request": None,
    "responses": {
        200: answer("Spotify has done it.", DoneSerializer),
        403: refusal(
            "The person has no Spotify Premium, is barred here, or another site sent "
            "the cookie.",
            **messages_of(PremiumRequired),
            **examples_of(403),
        ),
        404: refusal("No device plays.", **messages_of(NoActiveDevice)),
        409: conflict(SpotifyNotLinked, SpotifyRefused),
        **ANSWERS_OF_SPOTIFY,
    },
}
ONCE = "Spotify is told so exactly once; when it fails, nothing is tried again."

document(
    SpotifyViewSet,
    "Spotify",
    auth_url=Call("getSpotifyUrl", "Begin to connect Spotify", ASKS, **AUTHORIZATION),
    login=Call(
        "getSpotifyLogin",
        "Begin to connect Spotify",
        "The same as `GET /api/spotify/auth-url`.",
        **AUTHORIZATION,
    ),
)
document(
    CallbackViewSet,
    "Spotify",
    arrive=Call(
        "arriveFromSpotify",
        "Come back from Spotify",
        "Spotify sends the browser here. Whose link it becomes, the state tells. A "
        "browser is led on to the web client with `?spotify=connected` or `=error`; "
        "the answers here are for who asks for `application/json`.",
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
            200: answer("What has become of it.", ConnectedSerializer),
            400: invalid("state", STATE),
            401: None,
            429: ANSWERS_OF_SPOTIFY[429],
            502: ANSWERS_OF_SPOTIFY[502],
            503: UNAVAILABLE,
        },
    ),
    hand_on=Call(
        "connectSpotify",
        "Hand on the code from Spotify",
        "For a web client that Spotify sends the browser to.",
        request=body(CodeSerializer, {"code": "AQDKq1", "state": "gAAAAABp"}),
        responses={
            200: answer("Spotify is connected.", ConnectedForSerializer),
            400: invalid("state", STATE),
            429: ANSWERS_OF_SPOTIFY[429],
            502: ANSWERS_OF_SPOTIFY[502],
            503: UNAVAILABLE,
        },
    ),
)
document(
    SpotifyViewSet,
    "Spotify",
    status=Call(
        "getSpotifyStatus",
        "Is Spotify connected?",
        "Tells what is known here; Spotify is not asked.",
        responses={200: answer("Whether, and since when.", StatusSerializer)},
    ),
    destroy_all=Call(
        "disconnectSpotify",
        "Disconnect Spotify",
        "Forgets the link; harmless without one. That the service was allowed to, "
        "the person can take back at spotify.com/account/apps.",
        request=None,
        responses={
            200: answer(
                "There is no link any more.",
                MessageSerializer,
                {"message": "Spotify is disconnected"},
            )
        },
    ),
    now_playing=Call(
        "getNowPlaying", "What is on?", "The person's player.", **PLAYBACK
    ),
    player=Call(
        "getPlayer",
        "What is on?",
        "The same as `GET /api/spotify/now-playing`.",
        **PLAYBACK,
    ),
    play=Call("playMusic", "Play", ONCE, **CONTROL),
    put_play=Call("putPlayMusic", "Play", ONCE, **CONTROL),
    pause=Call("pauseMusic", "Pause", ONCE, **CONTROL),
    put_pause=Call("putPauseMusic", "Pause", ONCE, **CONTROL),
    next=Call("nextTrack", "Skip to the next track", ONCE, **CONTROL),
    previous=Call("previousTrack", "Skip to the previous track", ONCE, **CONTROL),
    prev=Call("prevTrack", "Skip to the previous track", ONCE, **CONTROL),
    focus=Call(
        "tellFocus",
        "Have music follow the focus",
        "With the setting `spotifyAutoplay`, music plays when focus begins and pauses "
        "in breaks and at the end. The answer does not wait for Spotify, and tells "
        "nothing of it; only the latest phase counts.",
        request=body(FocusSerializer, {"phase": "focus"}),
        responses={
            202: answer("It will be done.", DoneSerializer, {"success": True}),
            400: invalid("phase", "give one of: focus, break, stop"),
        },
    ),
)
