"""Spotify over the network: tokens for a code, the player, and its errors.

The only importer of spotipy, whose import takes longer than all the rest of the
service's: it is imported at the first use, see `integrations.player`.

Each thread keeps its own client, so that connections are used again. Nothing here is
repeated by itself: a second `next` would skip a track.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from time import monotonic
from typing import Any

import orjson
import requests
import urllib3
from django.conf import settings
from spotipy import (
    Spotify,
    SpotifyClientCredentials,
    SpotifyException,
    SpotifyOAuth,
    SpotifyOauthError,
)
from spotipy.cache_handler import CacheHandler

from focusmaster.exceptions import InvalidValue
from integrations.exceptions import (
    InvalidCode,
    NoActiveDevice,
    PlayerRestricted,
    PremiumRequired,
    SpotifyNotAdmitted,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyRefused,
    SpotifyUnavailable,
)
from integrations.models import Grant, Tokens

log = logging.getLogger("focusmaster.spotify")

SCOPES = ["user-read-playback-state", "user-modify-playback-state"]
# Bytes of a response's body; a player object has some thousands.
MAX_BODY = 2**20
CHUNK = 2**14
# What a header can carry; tokens of Spotify's have some hundred characters.
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
MAX_SCOPE = 100
# Seconds to wait when Spotify names none, and the most that are passed on.
RETRY_AFTER, MAX_RETRY_AFTER = 5, 24 * 60 * 60
# Reasons that are safe to log.
SAFE_REASON = re.compile(r"[A-Za-z_]{1,40}")
# For the log.
ADMISSION = (
    "in development mode its owner needs Premium, and each of at most 5 people has to "
    "be named under User Management on developer.spotify.com"
)
# For the person.
NOT_TAKEN = "Spotify does not take this"
# Without them, an episode shows as nothing.
ITEM_TYPES = "track,episode"
# How Spotify puts it beside, or instead of, its reason.
PREMIUM = "Premium required"
# And how it puts it, mostly as bare text, that the app may not act for a person, or for
# nobody because its owner has no Premium.
NOT_ADMITTED = re.compile(
    r"not (be )?registered|not approved for app|owner of the app", re.IGNORECASE
)
# What we can ask of the player, and spotipy's name for it.
CONTROLS = {
    "play": "start_playback",
    "pause": "pause_playback",
    "next": "next_track",
    "previous": "previous_track",
}
# What `is_playing` is once these are done: to do them again is a success for us, where
# Spotify refuses it.
GOALS = {"play": True, "pause": False}
# What a network that fails and responses that make no sense raise. spotipy takes it
# for granted that an error is an object.
NONSENSE = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class AccessTokenRefused(Exception):
    """The access token has expired before its time, or was revoked."""


class Session(requests.Session):
    """Sends each request once, as it is, and ends by the deadline.

    Cookies are dropped, because people share the session.
    """

    def __init__(self) -> None:
        super().__init__()
        # Neither proxies nor passwords out of the environment.
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.deadline = monotonic()
        self._response: requests.Response | None = None

    @property
    def last_response(self) -> requests.Response:
        """The response to the last request; RequestException if that has failed."""
        if self._response is None:
            raise requests.RequestException("no response")
        return self._response

    def request(  # type: ignore[override]  # what spotipy calls it with
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        self._response = None
        once = {"timeout": self.seconds_left(), "allow_redirects": False}
        response = super().request(method, url, **{**options, **once, "stream": True})
        response.raw = BytesIO(self._body(response))
        if response.is_redirect:
            raise requests.RequestException("a redirect, which is not followed")
        self._response = response
        return response

    def seconds_left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise requests.Timeout("the time is over")
        return left

    def _body(self, response: requests.Response) -> bytes:
        """Read the body by the deadline; the timeout of a connection is for each byte.

        Raises RequestException if it is too long.
        """
        body = b""
        with response:
            # `read1` returns what has arrived, so a trickle is noticed.
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                self.seconds_left()
                body += chunk
                if len(body) > MAX_BODY:
                    raise requests.RequestException("a body without an end")
        return body


class NoCache(CacheHandler):
    """Keeps nothing; spotipy's own cache is one file for all people."""

    def get_cached_token(self) -> None:
        return None

    def save_token_to_cache(self, token_info: dict) -> None:
        pass


class Client(threading.local):
    """The session and the spotipy objects of one thread."""

    def __init__(self) -> None:
        self.session = Session()
        # Kept as long as the session, which each of them closes when it goes.
        self.player = Spotify(requests_session=self.session)
        self.oauth = SpotifyOAuth(
            client_id=settings.SPOTIFY_CLIENT_ID,
            client_secret=settings.SPOTIFY_CLIENT_SECRET,
            redirect_uri=settings.SPOTIFY_REDIRECT_URI,
            scope=SCOPES,
            requests_session=self.session,
            open_browser=False,
            cache_handler=NoCache(),
        )

    def ready(self, deadline: float) -> Client:
        """Prepare for calls that have to end by a time of the monotonic clock."""
        self.session.deadline = deadline
        self.player.prefix = f"{settings.SPOTIFY_API_URL}/"
        oauth = self.oauth
        oauth.client_id = settings.SPOTIFY_CLIENT_ID
        oauth.client_secret = settings.SPOTIFY_CLIENT_SECRET
        oauth.redirect_uri = settings.SPOTIFY_REDIRECT_URI
        oauth.OAUTH_AUTHORIZE_URL = f"{settings.SPOTIFY_ACCOUNTS_URL}/authorize"
        oauth.OAUTH_TOKEN_URL = token_url()
        return self


client = Client()


def token_url() -> str:
    return f"{settings.SPOTIFY_ACCOUNTS_URL}/api/token"


def authorize_url(state: str) -> str:
    """Return the page on which a person lets us control their player.

    It always asks: else Spotify takes the account that was allowed before, and nobody
    could link another. spotipy would write "True".
    """
    url = client.ready(monotonic()).oauth.get_authorize_url(state)
    return f"{url}&show_dialog=true"


def exchange(code: str, *, deadline: float) -> Grant:
    """Return what Spotify gives for a code, or raise InvalidCode."""
    with understood(invalid_grant=InvalidCode):
        client.ready(deadline).oauth.get_access_token(
            code, as_dict=False, check_cache=False
        )
        return _grant(SCOPES)


def refresh(link_tokens: Tokens, *, deadline: float) -> Grant:
    """Return a new access token, or raise SpotifyNotLinked: the person ended the link.

    Spotify may change the refresh token with it; otherwise the grant has the one given.
    """
    with understood(invalid_grant=SpotifyNotLinked):
        client.ready(deadline).oauth.refresh_access_token(link_tokens.refresh)
        return _grant(None, link_tokens.refresh)


def playback(access_token: str, *, deadline: float) -> dict[str, Any] | None:
    """Return Spotify's player object, or None when nothing plays."""
    with understood():
        authorized(access_token, deadline).current_playback(additional_types=ITEM_TYPES)
        return _object()


def devices(access_token: str, *, deadline: float) -> dict[str, Any]:
    """Return Spotify's object with the list of the person's devices."""
    with understood():
        authorized(access_token, deadline).devices()
        return _object() or {"devices": []}


def control(
    access_token: str, command: str, *, deadline: float, **options: Any
) -> None:
    """Do one of CONTROLS; the body of a success means nothing.

    Raises InvalidValue where Spotify does not take the options.
    """
    try:
        with understood(options=options):
            player = authorized(access_token, deadline)
            getattr(player, CONTROLS[command])(**options)
    except PlayerRestricted:
        if options.keys() - {"device_id"} or command not in GOALS:
            raise
        found = playback(access_token, deadline=deadline) or {}
        if not is_done(command, found, **options):
            raise


def transfer(access_token: str, *, device_id: str, play: bool, deadline: float) -> None:
    """Have the music play on another device; `play` also if it does not now."""
    with understood():
        authorized(access_token, deadline).transfer_playback(device_id, play)


def is_done(command: str, found: dict[str, Any], device_id: str | None = None) -> bool:
    """Whether the player is as one of GOALS would have it, on the device if named."""
    device = found.get("device") or {}
    return bool(found.get("is_playing")) is GOALS[command] and (
        device_id in (None, device.get("id"))
    )


def authorized(access_token: str, deadline: float) -> Spotify:
    player = client.ready(deadline).player
    player.set_auth(access_token)
    return player


def _object() -> dict[str, Any] | None:
    """Return the object in the last response, None for an empty one.

    spotipy returns None for a body that is no JSON, too.
    """
    content = client.session.last_response.content
    found = orjson.loads(content) if content.strip() else None
    if not isinstance(found, dict | None):
        raise TypeError("no object")
    return found


def check_credentials(*, deadline: float) -> None:
    """Sign in as the app; raises SpotifyUnavailable or SpotifyRateLimited."""
    with understood():
        session = client.ready(deadline).session
        credentials = SpotifyClientCredentials(
            settings.SPOTIFY_CLIENT_ID,
            settings.SPOTIFY_CLIENT_SECRET,
            requests_session=session,
            cache_handler=NoCache(),
        )
        credentials.OAUTH_TOKEN_URL = token_url()
        credentials.get_access_token(as_dict=False, check_cache=False)


def _grant(scopes: list[str] | None, refresh_token: str = "") -> Grant:
    """Return the grant in the last response; raises one of NONSENSE without one."""
    granted = orjson.loads(client.session.last_response.content)
    access, seconds = granted["access_token"], granted["expires_in"]
    refresh_token = granted.get("refresh_token") or refresh_token
    if "scope" in granted:
        scopes = granted["scope"].split()
    if not all(TOKEN.fullmatch(text) for text in (access, refresh_token)):
        raise ValueError("no token")
    if not all(len(scope) <= MAX_SCOPE for scope in scopes or ()):
        raise ValueError("no scope")
    return Grant(Tokens(access, refresh_token), timedelta(seconds=seconds), scopes)


@contextmanager
def understood(
    invalid_grant: type[Exception] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Turn errors of Spotify and of the network into ours."""
    try:
        yield
    except SpotifyException as exc:
        if exc.http_status == 400 and options:
            raise InvalidValue(next(iter(options)), NOT_TAKEN) from None
        raise player_error(exc) from None
    except SpotifyOauthError as exc:
        response = client.session.last_response
        if (
            response.status_code == 400
            and exc.error == "invalid_grant"
            and invalid_grant
        ):
            raise invalid_grant from None
        if response.status_code == 429:
            raise SpotifyRateLimited(retry_after(response.headers)) from None
        reason = exc.error if SAFE_REASON.fullmatch(str(exc.error)) else "no reason"
        raise unavailable(f"{response.status_code}, {reason}") from None
    except NONSENSE as exc:
        raise unavailable(type(exc).__name__) from None


def player_error(exc: SpotifyException) -> Exception:
    """Return our exception for an error of the player API."""
    status, message = exc.http_status, str(exc.msg)
    if status == 401:
        return AccessTokenRefused()
    if status == 403 and NOT_ADMITTED.search(message):
        log.warning("Spotify does not admit a person to this app: %s", ADMISSION)
        return SpotifyNotAdmitted()
    if status == 403 and (exc.reason == "PREMIUM_REQUIRED" or PREMIUM in message):
        return PremiumRequired()
    if status == 404:
        return NoActiveDevice()
    if status == 429:
        return SpotifyRateLimited(retry_after(exc.headers))
    if 400 <= status < 500:
        reason = exc.reason if SAFE_REASON.fullmatch(str(exc.reason)) else "no reason"
        log.info("Spotify refused a command: %s, %s", status, reason)
        return PlayerRestricted() if status == 403 else SpotifyRefused()
    return unavailable(str(status))


def retry_after(headers: Mapping[str, str]) -> int:
    """Return the seconds of Retry-After, RETRY_AFTER without a number there."""
    given = headers.get("Retry-After", "")
    seconds = int(given) if given.isascii() and given.isdigit() else RETRY_AFTER
    return min(seconds, MAX_RETRY_AFTER)


def unavailable(why: str) -> SpotifyUnavailable:
    """Log why and return the exception; `why` holds nothing that may be secret."""
    log.warning("Spotify did not answer as it should: %s", why)
    return SpotifyUnavailable(why)
