"""Sessions of the pages for staff, which are not sign-ins to the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session

if TYPE_CHECKING:
    from accounts.models import User


def sessions_of(*people: User) -> Iterator[Session]:
    """Yield the sessions of these users; one query.

    Reads all sessions, because the user's id is in their data. There are few, as only
    staff has any.
    """
    ids = {user.pk for user in people}
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) in ids:
            yield session


def end_staff_sessions(*people: User) -> None:
    """Delete the sessions of these users."""
    for session in sessions_of(*people):
        session.delete()


@contextmanager
def keeping_staff_sessions(user: User) -> Iterator[None]:
    """Keep the user's sessions while the block gives them another hash of a password.

    A session names the hash under which it began, and ends with it. Nobody but staff
    has one: no query for others.
    """
    before = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    yield
    if not user.is_staff:
        return
    for session in sessions_of(user):
        content = session.get_decoded()
        if content.get(HASH_SESSION_KEY) in before:
            content[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.session_data = Session.objects.encode(content)
            session.save(update_fields=["session_data"])
