"""A person's Spotify player: what is on, and what it should do.

Each function that talks to Spotify has 5 seconds for everything: a free thread, a new
access token if the old one has expired, and Spotify's response.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from time import monotonic, sleep
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrations.exceptions import (
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyUnavailable,
)
from integrations.executors import BoundedExecutor, executor_size
from integrations.models import SpotifyLink, SpotifyPause, Tokens, seconds_until

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger("focusmaster.spotify")

# Seconds for Spotify; the rest of the 5 is ours.
BUDGET = 4.5
# Between two looks whether another process has the new token.
POLL_SECONDS = 0.05

executor = BoundedExecutor(executor_size())


def spotify() -> ModuleType:
    """Return the module; spotipy's import takes longer than all the rest."""
    from integrations import spotify

    return spotify


def is_configured() -> bool:
    return bool(
        settings.SPOTIFY_CLIENT_ID
        and settings.SPOTIFY_CLIENT_SECRET
        and settings.SPOTIFY_REDIRECT_URI
    )


def require_configured() -> None:
    if not is_configured():
        raise SpotifyNotConfigured


def authorize_url(state: str) -> str:
    """Return the URL of Spotify's page that asks the person; no query.

    Raises SpotifyNotConfigured.
    """
    require_configured()
    return spotify().authorize_url(state)


def require_no_pause() -> None:
    """Raise SpotifyRateLimited while Spotify wants to be asked nothing; one query."""
    if seconds := SpotifyPause.objects.seconds_left():
        raise SpotifyRateLimited(seconds)


def connect(user: User, code: str) -> timedelta:
    """Link the person by the code that Spotify sent; return how long a token lives.

    2 queries. Raises InvalidCode, InvalidState, and what Spotify's failures mean.
    """
    deadline = monotonic() + BUDGET
    exchange = partial(spotify().exchange, code, deadline=deadline)
    with pause_remembered():
        grant = executor.run(exchange, deadline=deadline)
    SpotifyLink.objects.connect(user=user, grant=grant)
    return grant.lifetime


def playback(user: User) -> dict[str, Any] | None:
    """Return Spotify's player object, or None when nothing plays; one query.

    Some more if the access token has expired, see `renewed`, or if Spotify wants a
    pause. Raises one of FAILURES.
    """
    return _with_link(user, "playback")


def devices(user: User) -> dict[str, Any]:
    """Return Spotify's object with the list of the person's devices.

    Queries and errors are those of `playback`.
    """
    return _with_link(user, "devices")


def transfer(user: User, *, device_id: str, play: bool) -> None:
    """Have the music play on another device, once.

    Queries and errors are those of `playback`.
    """
    _with_link(user, "transfer", device_id=device_id, play=play)


def control(user: User, command: str, **options: Any) -> None:
    """Send the player one of `integrations.spotify.CONTROLS`, once.

    Queries and errors are those of `playback`, and InvalidValue for options that
    Spotify does not take.
    """
    _with_link(user, "control", command=command, **options)


def follow_focus(user_id: str, command: str) -> None:
    """Send the player a command, if the user wants music to follow the focus."""
    links = SpotifyLink.objects.filter(user__spotify_autoplay=True)
    link = links.with_pause().of(user_id)
    if link is None or not is_configured():
        return
    deadline = monotonic() + BUDGET
    refuse_in_pause(link)
    with pause_remembered():
        act = partial(spotify().control, command=command)
        _with_token(link, readable_tokens(link), act, deadline)


def _with_link(user: User, name: str, **options: Any) -> Any:
    """Run a function of `integrations.spotify` for the person's link, in a thread."""
    deadline = monotonic() + BUDGET
    require_configured()
    link = SpotifyLink.objects.with_pause().of(user.pk)
    if link is None:
        raise SpotifyNotLinked
    refuse_in_pause(link)
    tokens = readable_tokens(link)
    act = partial(getattr(spotify(), name), **options)
    with pause_remembered():
        return executor.run(_with_token, link, tokens, act, deadline, deadline=deadline)


def refuse_in_pause(link: SpotifyLink) -> None:
    """Raise SpotifyRateLimited if `paused_until` of the link has not come yet."""
    if seconds := seconds_until(link.paused_until):
        raise SpotifyRateLimited(seconds)


@contextmanager
def pause_remembered() -> Iterator[None]:
    """Keep everybody from Spotify for a while if it wants that; 2 queries if so."""
    try:
        yield
    except SpotifyRateLimited as exc:
        SpotifyPause.objects.begin(int(exc.wait))
        raise


def readable_tokens(link: SpotifyLink) -> Tokens:
    """Return the tokens, or raise SpotifyNotLinked if their key is gone.

    The row stays: the key may come back, or this process be one that lacks a new key.
    """
    if link.is_readable():
        return link.tokens()
    log.error("A link to Spotify is under a key that is not among SECRET_KEY_FALLBACKS")
    raise SpotifyNotLinked


def _with_token(
    link: SpotifyLink,
    tokens: Tokens,
    act: Callable[..., Any],
    deadline: float,
) -> Any:
    """Run `act` with an access token that Spotify takes; at most two attempts."""
    refused = spotify().AccessTokenRefused
    token = tokens.access
    if not link.is_fresh():
        token = renewed(link.pk, token, deadline)
    try:
        return act(token, deadline=deadline)
    except refused:
        token = renewed(link.pk, token, deadline)
    try:
        return act(token, deadline=deadline)
    except refused:
        raise spotify().unavailable("it refuses a new token") from None


def renewed(user_id: str, old: str, deadline: float) -> str:
    """Return another access token than the old one, which Spotify is asked for once.

    The first caller claims the link and asks Spotify; the others wait for the new token
    in the row. 2 queries, 3 if Spotify is asked, and one for each POLL_SECONDS of
    waiting. Must not run in a transaction: if that failed, a refresh token that Spotify
    has just replaced would be lost.
    """
    while True:
        link = SpotifyLink.objects.of(user_id)
        if link is None:
            raise SpotifyNotLinked
        tokens = readable_tokens(link)
        if tokens.access != old:
            return tokens.access
        if SpotifyLink.objects.claim_renewal(link):
            return _renew(link, tokens, deadline)
        if monotonic() + POLL_SECONDS > deadline:
            raise SpotifyUnavailable("another request waits for it")
        sleep(POLL_SECONDS)


def _renew(link: SpotifyLink, tokens: Tokens, deadline: float) -> str:
    """Return a new access token for a link that was claimed, and keep it.

    Spotify is asked for the full time even if the request gives up: what it replaces
    must be kept.
    """
    # Not a link that was made anew meanwhile.
    mine = SpotifyLink.objects.with_tokens_of(link)
    try:
        grant = spotify().refresh(tokens, deadline=monotonic() + BUDGET)
    except SpotifyNotLinked:
        mine.delete()
        raise
    except Exception:
        mine.update(renewing_until=None)
        raise
    mine.keep(grant)
    return grant.tokens.access
