"""The `state` that goes to Spotify with a person and comes back with the code.

It is encrypted with a key of ours, so nobody can forge one or read whose it is: the id
of a guest opens the guest's account, and the state is seen by Spotify and stays in the
browser's history. That it is used once, a row in the database decides.
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
# Tells a state from whatever else is encrypted with the same key.
PURPOSE = "spotify state"
NONCE_BYTES = 16


def new_state(user: User, *, at: datetime | None = None) -> str:
    expires_at = (at or timezone.now()) + STATE_LIFE
    content = [PURPOSE, user.pk, secrets.token_urlsafe(NONCE_BYTES), expires_at]
    return encrypt(orjson.dumps(content)).decode()


def use_state(
    state: str, *, expected: User | None = None, at: datetime | None = None
) -> str:
    """Return the id of the user whose state it is; it is used up from then on.

    Raises InvalidState, also when another than `expected` is meant: then it stays
    unused, for who was.
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
