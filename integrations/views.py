from __future__ import annotations

import logging
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotAcceptable
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response

from accounts.authentication import OptionalTokenAuthentication
from accounts.models import User
from focusmaster.api.cookies import ApiCookie
from focusmaster.api.renderers import JSONNegotiation, accepts
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from integrations import focus, player
from integrations.exceptions import FAILURES, InvalidCode
from integrations.models import SpotifyLink
from integrations.serializers import (
    MAX_CODE,
    CodeSerializer,
    DeviceSerializer,
    EmptySerializer,
    FocusSerializer,
    PlaySerializer,
    SpotifyLinkSerializer,
)
from integrations.states import STATE_LIFE, new_state, use_state

log = logging.getLogger("focusmaster.spotify")

STATE_COOKIE = ApiCookie("spotify_state", max_age=STATE_LIFE, path="/api/spotify")
CONNECTED = "Spotify is connected"
NOT_CONNECTED = "Spotify was not connected"
DONE = {"success": True}
NOTHING_PLAYS = {"is_playing": False, "item": None}
NO_LINK = {"connected": False, "scopes": [], "linkedAt": None}


class SpotifyViewSet(ApiViewSet):
    """The caller's link to Spotify, and their player."""

    is_atomic = False

    @action(detail=False, methods=["get"], url_path="auth-url", is_tagged=False)
    def auth_url(self, request: ApiRequest) -> Response:
        return self._start(request)

    @action(detail=False, methods=["get"], is_tagged=False)
    def login(self, request: ApiRequest) -> Response:
        return self._start(request)

    @action(detail=False, methods=["get"])
    def status(self, request: ApiRequest) -> Response:
        link = SpotifyLink.objects.of(request.user.pk)
        if link is None or not link.is_readable():
            return Response(NO_LINK)
        return Response({"connected": True, **SpotifyLinkSerializer(link).data})

    def destroy_all(self, request: ApiRequest) -> Response:
        SpotifyLink.objects.owned_by(request.user).delete()
        return Response({"message": "Spotify is disconnected"})

    @action(detail=False, methods=["get"], url_path="now-playing")
    def now_playing(self, request: ApiRequest) -> Response:
        return self._playback(request)

    @action(detail=False, methods=["get"])
    def player(self, request: ApiRequest) -> Response:
        return self._playback(request)

    @action(detail=False, methods=["get"], is_tagged=False)
    def devices(self, request: ApiRequest) -> Response:
        return Response(player.devices(request.user))

    @action(detail=False, methods=["put"], serializer_class=DeviceSerializer)
    def device(self, request: ApiRequest) -> Response:
        player.transfer(request.user, **self.validated())
        return Response(DONE)

    @action(detail=False, methods=["post"], serializer_class=PlaySerializer)
    def play(self, request: ApiRequest) -> Response:
        return self._control(request, "play")

    @play.mapping.put
    def put_play(self, request: ApiRequest) -> Response:
        return self._control(request, "play")

    @action(detail=False, methods=["post"], serializer_class=EmptySerializer)
    def pause(self, request: ApiRequest) -> Response:
        return self._control(request, "pause")

    @pause.mapping.put
    def put_pause(self, request: ApiRequest) -> Response:
        return self._control(request, "pause")

    @action(detail=False, methods=["post"], serializer_class=EmptySerializer)
    def next(self, request: ApiRequest) -> Response:
        return self._control(request, "next")

    @action(detail=False, methods=["post"], serializer_class=EmptySerializer)
    def previous(self, request: ApiRequest) -> Response:
        return self._control(request, "previous")

    @action(detail=False, methods=["post"], serializer_class=EmptySerializer)
    def prev(self, request: ApiRequest) -> Response:
        return self._control(request, "previous")

    @action(detail=False, methods=["post"], serializer_class=FocusSerializer)
    def focus(self, request: ApiRequest) -> Response:
        focus.tell(request.user, self.validated()["phase"])
        return Response(DONE, status=status.HTTP_202_ACCEPTED)

    def _start(self, request: ApiRequest) -> Response:
        state = new_state(request.user, cookie=STATE_COOKIE.read(request))
        response = Response({"url": player.authorize_url(state)})
        STATE_COOKIE.set(request, response, state)
        response["Cache-Control"] = "no-store"
        return response

    def _playback(self, request: ApiRequest) -> Response:
        found = player.playback(request.user)
        return Response({**(found or NOTHING_PLAYS), "connected": True})

    def _control(self, request: ApiRequest, command: str) -> Response:
        player.control(request.user, command, **self.validated())
        return Response(DONE)


class CallbackNegotiation(JSONNegotiation):
    """Accepts clients that want HTML: a browser is redirected to the web client."""

    def select_renderer(self, request, renderers, format_suffix=None):
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            for entry in self.get_accept_list(request):
                if accepts(entry, "text/html"):
                    return renderers[0], renderers[0].media_type
            raise


class CallbackViewSet(ApiViewSet):
    """The way back from Spotify: of a browser, or through the web client."""

    is_tagged = False
    is_atomic = False

    authentication_classes = (OptionalTokenAuthentication,)
    content_negotiation_class = CallbackNegotiation
    serializer_class = CodeSerializer

    def declared_parameters(self) -> None:
        """Leave the query alone: Spotify may add what it likes."""

    def get_permissions(self):
        return [AllowAny() if self.action == "arrive" else IsAuthenticated()]

    def arrive(self, request: ApiRequest) -> HttpResponse:
        """Connect by what Spotify sent a browser with; the state names the person."""
        player.require_configured()
        code, error = (request.query_params.get(name) for name in ("code", "error"))
        try:
            if not error:
                # Before the state is used up.
                player.require_no_pause()
            user = self._owner_of_state(request)
            if error:
                log.info("Spotify was not connected: the person did not want it")
                return self._outcome(request, is_connected=False)
            if not code or len(code) > MAX_CODE:
                raise InvalidCode
            player.connect(user, code)
        except (*FAILURES, InvalidCode) as exc:
            if wants_json(request):
                raise
            log.info("Spotify was not connected: %s", type(exc).__name__)
            return self._outcome(request, is_connected=False)
        return self._outcome(request, is_connected=True)

    def hand_on(self, request: ApiRequest) -> Response:
        """Connect by what the web client hands on; the token names the person."""
        player.require_configured()
        given = self.validated()
        player.require_no_pause()
        state = given.get("state") or STATE_COOKIE.read(request)
        use_state(state, expected=request.user)

        lifetime = player.connect(request.user, given["code"])

        response = Response(
            {
                "success": True,
                "message": CONNECTED,
                "expires_in": int(lifetime.total_seconds()),
            }
        )
        STATE_COOKIE.clear(response)
        return response

    def _owner_of_state(self, request: ApiRequest) -> User:
        """Return the user whose state it is, and mark it as used; 3 queries.

        A caller with a token has to be that user, and may leave the state to the
        cookie; else the browser has to be the one that asked. Raises InvalidState and
        Barred.
        """
        cookie, caller = STATE_COOKIE.read(request), request.user
        state = request.query_params.get("state") or (cookie if caller else "")
        user = use_state(state, expected=caller, cookie=cookie)
        user.check_not_barred()
        return user

    def _outcome(self, request: ApiRequest, *, is_connected: bool) -> HttpResponse:
        if wants_json(request):
            message = CONNECTED if is_connected else NOT_CONNECTED
            response: HttpResponse = Response(
                {"success": is_connected, "message": message}
            )
        else:
            outcome = "connected" if is_connected else "error"
            response = HttpResponseRedirect(client_page(spotify=outcome))
        STATE_COOKIE.clear(response)
        return response


def wants_json(request: ApiRequest) -> bool:
    """Whether a program asks, or there is no page to redirect a browser to."""
    accept = request.META.get("HTTP_ACCEPT", "")
    is_program = "application/json" in accept and "text/html" not in accept
    return is_program or not settings.SPOTIFY_CLIENT_REDIRECT


def client_page(**query: str) -> str:
    """Return the URL of the web client's page, with `query` added."""
    parts = urlsplit(settings.SPOTIFY_CLIENT_REDIRECT)
    pairs = [*parse_qsl(parts.query), *query.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))
