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
    content = [PURPOSE, user.pk, secrets.token_urlsafe(NONCE_BYTES), expires_at]
    return encrypt(orjson.dumps(content)).decode()


def use_state(
    state: str, *, expected: User | None = None, at: datetime | None = None
) -> str:
    """Return the id of the user whose state it is, and mark it as used; 2 queries.

    Raises InvalidState, also if the state is not of the `expected` user: then it stays
    unused.
    """
    at = at or timezone.now()
    user_id, nonce, expires_at = _read(state)
    if expires_at <= at or (expected and expected.pk != user_id):
        raise InvalidState
    UsedSpotifyState.objects.delete_expired(before=at)
    with constraint_errors({STATE_USED_ONCE: InvalidState()}):
        UsedSpotifyState.objects.create(nonce=nonce, expires_at=expires_at)
    return user_id


def _read(state: str) -> tuple[str, str, datetime]:
    try:
        purpose, user_id, nonce, expires_at = orjson.loads(decrypt(state.encode()))
    except (InvalidToken, UnicodeEncodeError, ValueError):
        raise InvalidState from None
    if purpose != PURPOSE:
        raise InvalidState
    return user_id, nonce, datetime.fromisoformat(expires_at).astimezone(UTC)
