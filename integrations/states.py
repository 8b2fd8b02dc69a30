"""The `state` that goes to Spotify with a person and comes back with the code.

It is encrypted, so nobody can forge one or read the user's id in it: the id of a guest
opens the guest's account, and Spotify and the browser's history see the state. A row in
the database decides that it is used once.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

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


def new_state(user: User, *, at: datetime | None = None) -> str:
    """Return a state that holds for STATE_LIFE; no query."""
    expires_at = (at or timezone.now()) + STATE_LIFE
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    content = [PURPOSE, user.pk, nonce, expires_at, password_mark(user)]
    return encrypt(orjson.dumps(content)).decode()


def password_mark(user: User) -> str:
    """Return what a state has in common with the password it was made under.

    A state is void once the password changes or is removed.
    """
    return salted_hmac(PURPOSE, user.password, algorithm="sha256").hexdigest()


def use_state(
    state: str, *, expected: User | None = None, at: datetime | None = None
) -> User:
    """Return the user whose state it is, and mark it as used; 3 queries.

    Raises InvalidState, also if the state is not of the `expected` user: then it stays
    unused.
    """
    at = at or timezone.now()
    user_id, nonce, expires_at, mark = _read(state)
    if expires_at <= at or (expected and expected.pk != user_id):
        raise InvalidState
    UsedSpotifyState.objects.delete_expired(before=at)
    with constraint_errors({STATE_USED_ONCE: InvalidState()}):
        UsedSpotifyState.objects.create(nonce=nonce, expires_at=expires_at)
    user = User.objects.filter(pk=user_id).first()
    if user is None or password_mark(user) != mark:
        raise InvalidState
    return user


def _read(state: str) -> tuple[str, str, datetime, str]:
    try:
        content = orjson.loads(decrypt(state.encode()))
        purpose, user_id, nonce, expires_at, mark = content
    except (InvalidToken, UnicodeEncodeError, ValueError):
        raise InvalidState from None
    if purpose != PURPOSE:
        raise InvalidState
    return user_id, nonce, datetime.fromisoformat(expires_at).astimezone(UTC), mark
