"""A person's Spotify player: what is on, and what it should do.

Each call has 5 seconds for everything: a free thread, a new access token where the old
one has expired, and Spotify's answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from integrations.exceptions import (
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyUnavailable,
)
from integrations.executors import BoundedExecutor, LatestTaskQueue, executor_size
from integrations.models import SpotifyLink, Tokens

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger("focusmaster.spotify")

# Seconds; the rest of the 5 is for us.
BUDGET = 4.5
BACKGROUND_THREADS = 2

lane = BoundedExecutor(executor_size())


def spotify() -> ModuleType:
    """Import spotipy at the first use: it takes longer than all the rest."""
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
    """Return the page of Spotify's that asks the person."""
    require_configured()
    return spotify().authorize_url(state)


def connect(user: User, code: str) -> timedelta:
    """Link the person with the code that Spotify sent; return how long a token lives.

    Raises InvalidCode.
    """
    deadline = monotonic() + BUDGET
    exchange = partial(spotify().exchange, code, deadline=deadline)
    grant = lane.run(exchange, deadline=deadline)
    SpotifyLink.objects.connect(user=user, grant=grant)
    return grant.lifetime


def playback(user: User) -> dict[str, Any] | None:
    """Return Spotify's player object, or None when nothing plays."""
    return _call(user, _playback)


def control(user: User, command: str) -> None:
    """Have the player do one of `integrations.spotify.CONTROLS`, once."""
    _call(user, partial(_control, command))


def follow_focus(user_id: str, phase: str) -> None:
    """Play when focus begins, and pause otherwise, for who wants it so."""
    link = SpotifyLink.objects.filter(user__spotify_autoplay=True).of(user_id)
    if link is None or not is_configured():
        return
    command = "play" if phase == "focus" else "pause"
    act, deadline = partial(_control, command), monotonic() + BUDGET
    _with_token(link, readable_tokens(link), act, deadline)


focus = LatestTaskQueue(follow_focus, BACKGROUND_THREADS)


def _call(user: User, act: Callable[[str, float], Any]) -> Any:
    """Run `act` with an access token of the person's, or raise what prevents it."""
    deadline = monotonic() + BUDGET
    require_configured()
    link = SpotifyLink.objects.of(user.pk)
    if link is None:
        raise SpotifyNotLinked
    tokens = readable_tokens(link)
    return lane.run(_with_token, link, tokens, act, deadline, deadline=deadline)


def _playback(token: str, deadline: float) -> dict[str, Any] | None:
    return spotify().playback(token, deadline=deadline)


def _control(command: str, token: str, deadline: float) -> None:
    spotify().control(token, command, deadline=deadline)


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
    act: Callable[[str, float], Any],
    deadline: float,
) -> Any:
    """Run `act` with an access token that Spotify takes, at most twice."""
    refused = spotify().AccessTokenRefused
    token = tokens.access
    if not link.is_fresh():
        token = renewed(link.pk, token, deadline)
    try:
        return act(token, deadline)
    except refused:
        token = renewed(link.pk, token, deadline)
    try:
        return act(token, deadline)
    except refused:
        raise spotify().unavailable("it refuses a new token") from None


def renewed(user_id: str, old: str, deadline: float) -> str:
    """Return another access token than the old one; Spotify is asked for it only once.

    Whoever comes first holds the row while Spotify is asked, and the others find the
    new token there. Must not run in the transaction of a request: if that failed later,
    a refresh token that Spotify has just replaced would be lost.
    """
    try:
        with transaction.atomic():
            link = locked_link(user_id, deadline)
            if link is None:
                raise SpotifyNotLinked
            tokens = readable_tokens(link)
            if tokens.access != old:
                return tokens.access
            try:
                # Not cut short when the request gives up: what Spotify replaces must
                # be kept.
                full_time = monotonic() + BUDGET
                grant = spotify().refresh(tokens, deadline=full_time)
            except SpotifyNotLinked:
                link.delete()
            else:
                link.take(grant, at=timezone.now())
                link.save(update_fields=["encrypted_tokens", "scopes", "expires_at"])
                return grant.tokens.access
    except OperationalError as exc:
        if isinstance(exc.__cause__, LockNotAvailable):
            raise SpotifyUnavailable("another request waits for it") from None
        raise
    raise SpotifyNotLinked


def locked_link(user_id: str, deadline: float) -> SpotifyLink | None:
    """Lock the person's link, and wait for that until the deadline."""
    left = max(1, int((deadline - monotonic()) * 1000))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{left}ms"])
    return SpotifyLink.objects.select_for_update(no_key=True).of(user_id)
