"""A person's Spotify player: what is on, and what it should do.

Each function that talks to Spotify has 5 seconds for everything: a free thread, a new
access token if the old one has expired, and Spotify's response.
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

# Seconds for Spotify; the rest of the 5 is ours.
BUDGET = 4.5
BACKGROUND_THREADS = 2

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


def connect(user: User, code: str) -> timedelta:
    """Link the person by the code that Spotify sent; return how long a token lives.

    2 queries. Raises InvalidCode, InvalidState, and what Spotify's failures mean.
    """
    deadline = monotonic() + BUDGET
    exchange = partial(spotify().exchange, code, deadline=deadline)
    grant = executor.run(exchange, deadline=deadline)
    SpotifyLink.objects.connect(user=user, grant=grant)
    return grant.lifetime


def playback(user: User) -> dict[str, Any] | None:
    """Return Spotify's player object, or None when nothing plays; one query.

    Another two if the access token has expired. Raises one of FAILURES.
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


def follow_focus(user_id: str, phase: str) -> None:
    """Play when focus begins and pause otherwise, if the user has set it so."""
    link = SpotifyLink.objects.filter(user__spotify_autoplay=True).of(user_id)
    if link is None or not is_configured():
        return
    command = "play" if phase == "focus" else "pause"
    act, deadline = partial(spotify().control, command=command), monotonic() + BUDGET
    _with_token(link, readable_tokens(link), act, deadline)


focus_queue = LatestTaskQueue(follow_focus, BACKGROUND_THREADS)


def _with_link(user: User, name: str, **options: Any) -> Any:
    """Run a function of `integrations.spotify` for the person's link, in a thread."""
    deadline = monotonic() + BUDGET
    require_configured()
    link = SpotifyLink.objects.of(user.pk)
    if link is None:
        raise SpotifyNotLinked
    tokens = readable_tokens(link)
    act = partial(getattr(spotify(), name), **options)
    return executor.run(_with_token, link, tokens, act, deadline, deadline=deadline)


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

    The first caller locks the row while it asks Spotify; the others wait for the lock
    and find the new token in the row. 2 queries, 3 if Spotify is asked. Must not run in
    the transaction of a request: if that failed later, a refresh token that Spotify has
    just replaced would be lost.
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
    """Return the person's link, locked; wait for the lock until the deadline.

    2 queries. Raises OperationalError at the deadline.
    """
    milliseconds = max(1, int((deadline - monotonic()) * 1000))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")
    return SpotifyLink.objects.select_for_update(no_key=True).of(user_id)
