"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from datetime import timedelta

from accounts.models import User
from integrations.models import Grant, SpotifyLink, Tokens


def make_rows(user: User) -> None:
    tokens = Tokens(access="access-quux", refresh="refresh-quux")
    grant = Grant(tokens, timedelta(hours=1), ["user-read-playback-state"])
    SpotifyLink.objects.connect(user=user, grant=grant)
