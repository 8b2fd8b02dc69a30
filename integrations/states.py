"""The `state` that goes to Spotify with a person and comes back with the code.

It is encrypted, so nobody can forge one or read the user's id in it: the id of a guest
opens the guest's account, and Spotify and the browser's history see the state. A row in
the database decides that it is used once.

It is bound to its person and to the browser that asked for it, which has a state in a
cookie. Else somebody could send their own link attempt to another, whose Spotify would
then be linked to the sender's account.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from focusmaster.encryption import InvalidToken, decrypt, encrypt
from focusmaster.exceptions import constraint_errors
from integrations.exceptions import InvalidState
from integrations.models import STATE_USED_ONCE, UsedSpotifyState

STATE_LIFE = timedelta(minutes=10)
# Distinguishes a state from other texts under the same key.
PURPOSE = "spotify state"
NONCE_BYTES = 16


class State(NamedTuple):
    """What a state says; `browser` is the same in all states of one browser."""

    user_id: str
    nonce: str
    browser: str
    password_mark: str
    expires_at: datetime


def new_state(user: User, *, cookie: str = "", at: datetime | None = None) -> str:
    """Return a state that holds for STATE_LIFE; no query.

    `cookie` is the state that the browser has from an earlier attempt: then both can be
    completed there, as of two tabs.
    """
    expires_at = (at or timezone.now()) + STATE_LIFE
    try:
        browser = read_state(cookie).browser
    except InvalidState:
        browser = secrets.token_urlsafe(NONCE_BYTES)
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    content = [PURPOSE, user.pk, nonce, browser, password_mark(user), expires_at]
    return encrypt(orjson.dumps(content)).decode()


def password_mark(user: User) -> str:
    """Return what a state has in common with the password it was made under.

    A state is void once the password changes or is removed.
    """
    return salted_hmac(PURPOSE, user.password, algorithm="sha256").hexdigest()


def use_state(
    text: str,
    *,
    expected: User | None = None,
    cookie: str = "",
    at: datetime | None = None,
) -> User:
    """Return the user whose state it is, and mark it as used; 3 queries.

    Raises InvalidState, also if the state is neither of the `expected` user nor, where
    none is expected, of the browser with this cookie: then it stays unused.
    """
    at = at or timezone.now()
    state = read_state(text)
    if expected:
        is_own = state.user_id == expected.pk
    else:
        is_own = state.browser == read_state(cookie).browser
    if state.expires_at <= at or not is_own:
        raise InvalidState
    UsedSpotifyState.objects.delete_expired(before=at)
    with constraint_errors({STATE_USED_ONCE: InvalidState()}):
        UsedSpotifyState.objects.create(nonce=state.nonce, expires_at=state.expires_at)
    user = User.objects.filter(pk=state.user_id).first()
    if user is None or password_mark(user) != state.password_mark:
        raise InvalidState
    return user


def read_state(text: str) -> State:
    """Return what a state says, also one that has expired; raises InvalidState."""
    try:
        purpose, *content, expires_at = orjson.loads(decrypt(text.encode()))
        if purpose != PURPOSE:
            raise InvalidState
        user_id, nonce, browser, mark = content
        return State(
            user_id,
            nonce,
            browser,
            mark,
            datetime.fromisoformat(expires_at).astimezone(UTC),
        )
    except (InvalidToken, TypeError, UnicodeEncodeError, ValueError):
        raise InvalidState from None
