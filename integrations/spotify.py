"""Spotify over the network: tokens for a code, the player, and what it refuses.

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

from integrations.exceptions import (
    InvalidCode,
    NoActiveDevice,
    PremiumRequired,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyRefused,
    SpotifyUnavailable,
)
from integrations.models import Grant, Tokens

log = logging.getLogger("focusmaster.spotify")

SCOPES = ["user-read-playback-state", "user-modify-playback-state"]
# Bytes of an answer; a player object has some thousands.
MAX_ANSWER = 2**20
CHUNK = 2**14
# What a header can carry; tokens of Spotify's have some hundred characters.
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
MAX_SCOPE = 100
# Seconds of Spotify's Retry-After: none is given, and the most that is passed on.
RETRY_AFTER, MAX_RETRY_AFTER = 5, 24 * 60 * 60
# Of an error's words, those that are safe to log.
WORD = re.compile(r"[A-Za-z_]{1,40}")
# How Spotify puts it beside, or instead of, its reason.
PREMIUM = "Premium required"
# What we can ask of the player, and spotipy's name for it.
CONTROLS = {
    "play": "start_playback",
    "pause": "pause_playback",
    "next": "next_track",
    "previous": "previous_track",
}
# What comes of a network that fails and of answers that make no sense. spotipy takes
# it for granted that an error is an object.
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

    Cookies are dropped, for people share the session. `answer` is the last one.
    """

    def __init__(self) -> None:
        super().__init__()
        # Neither proxies nor passwords out of the environment.
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.deadline = monotonic()
        self.answer: requests.Response | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        self.answer = None
        once = {"timeout": self.seconds_left(), "allow_redirects": False}
        response = super().request(method, url, **{**options, **once, "stream": True})
        response.raw = BytesIO(self._body(response))
        if response.is_redirect:
            raise requests.RequestException("a redirect, which is not followed")
        self.answer = response
        return response

    def seconds_left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise requests.Timeout("the time is over")
        return left

    def _body(self, response: requests.Response) -> bytes:
        """Read the body; the connection's own timeout begins anew at each byte."""
        body = b""
        with response:
            # Of what has arrived, so that a trickle is noticed.
            while chunk := response.raw.read1(CHUNK, decode_content=True):
                self.seconds_left()
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise requests.RequestException("an answer without an end")
        return body


class NoCache(CacheHandler):
    """spotipy's own would be a file for all people together."""

    def get_cached_token(self) -> None:
        return None

    def save_token_to_cache(self, token_info: dict) -> None:
        pass


class Client(threading.local):
    """What a thread talks to Spotify with."""

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
    """Return the page on which a person lets us control their player."""
    return client.ready(monotonic()).oauth.get_authorize_url(state)


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
        player = client.ready(deadline).player
        player.set_auth(access_token)
        player.current_playback()
        # spotipy returns None for an answer that is no JSON, too.
        content = client.session.answer.content
        found = orjson.loads(content) if content.strip() else None
        if not isinstance(found, dict | None):
            raise TypeError("no object")
        return found


def control(access_token: str, command: str, *, deadline: float) -> None:
    """Do one of CONTROLS; what Spotify says to it when it worked means nothing."""
    with understood():
        player = client.ready(deadline).player
        player.set_auth(access_token)
        getattr(player, CONTROLS[command])()


def check_credentials(*, deadline: float) -> None:
    """Ask Spotify whether it knows us, or raise SpotifyUnavailable."""
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
    """Read the last answer; ValueError and the like when it makes no sense."""
    answer = orjson.loads(client.session.answer.content)
    access, seconds = answer["access_token"], answer["expires_in"]
    refresh_token = answer.get("refresh_token") or refresh_token
    if "scope" in answer:
        scopes = answer["scope"].split()
    if not all(TOKEN.fullmatch(text) for text in (access, refresh_token)):
        raise ValueError("no token")
    if not all(len(scope) <= MAX_SCOPE for scope in scopes or ()):
        raise ValueError("no scope")
    return Grant(Tokens(access, refresh_token), timedelta(seconds=seconds), scopes)


@contextmanager
def understood(invalid_grant: type[Exception] | None = None) -> Iterator[None]:
    """Raise what an error of Spotify's, or of the way there, means to us."""
    try:
        yield
    except SpotifyException as exc:
        raise refusal_of(exc) from None
    except SpotifyOauthError as exc:
        answer = client.session.answer
        if answer.status_code == 400 and exc.error == "invalid_grant" and invalid_grant:
            raise invalid_grant from None
        if answer.status_code == 429:
            raise SpotifyRateLimited(seconds_of(answer.headers)) from None
        word = exc.error if WORD.fullmatch(str(exc.error)) else "no reason"
        raise unavailable(f"{answer.status_code}, {word}") from None
    except NONSENSE as exc:
        raise unavailable(type(exc).__name__) from None


def refusal_of(exc: SpotifyException) -> Exception:
    """Return what we raise for an error that the player API answered with."""
    status = exc.http_status
    if status == 401:
        return AccessTokenRefused()
    if status == 403 and (exc.reason == "PREMIUM_REQUIRED" or PREMIUM in exc.msg):
        return PremiumRequired()
    if status == 404:
        return NoActiveDevice()
    if status == 429:
        return SpotifyRateLimited(seconds_of(exc.headers))
    if 400 <= status < 500:
        return SpotifyRefused()
    return unavailable(str(status))


def seconds_of(headers: Mapping[str, str]) -> int:
    given = headers.get("Retry-After", "")
    seconds = int(given) if given.isascii() and given.isdigit() else RETRY_AFTER
    return min(seconds, MAX_RETRY_AFTER)


def unavailable(why: str) -> SpotifyUnavailable:
    """Log why, without a word that might be secret."""
    log.warning("Spotify did not answer as it should: %s", why)
    return SpotifyUnavailable(why)
