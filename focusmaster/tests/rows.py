"""Rows of every model that the service itself keeps of a person."""

from __future__ import annotations

from os import urandom

from accounts.models import User
from focusmaster.models import StoredAnswer


def make_rows(user: User) -> None:
    StoredAnswer.objects.create(
        id=urandom(32), user=user, fingerprint=urandom(32), answer=urandom(64)
    )
