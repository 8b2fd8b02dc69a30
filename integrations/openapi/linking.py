"""Linking a person to Spotify."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.errors import (
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
)
from integrations.openapi.errors import SPOTIFY_ERRORS, UNAVAILABLE
from integrations.serializers import (
    CodeSerializer,
    SpotifyLinkSerializer,
)
from integrations.views import CONNECTED, CallbackViewSet, SpotifyViewSet

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
    description="The link to Spotify, without the tokens.",
    extensions=field_texts(scopes=SCOPES),
)(SpotifyLinkSerializer)

WRONG_STATE = invalid_response("state", InvalidState().message)
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
        "`=error`; the responses here are those to `Accept: application/json`.",
        parameters=[
            OpenApiParameter("code", description="What Spotify gave."),
            OpenApiParameter(
                "state",
                description="From the URL, in the browser that asked for it or with a "
                "token of its person. Without it, the cookie counts, together with a "
                "token.",
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
)
