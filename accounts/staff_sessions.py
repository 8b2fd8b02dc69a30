"""Sessions of the pages for staff, which are not sign-ins to the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

if TYPE_CHECKING:
    from accounts.models import User


def end_staff_sessions(*people: User) -> None:
    """Delete the sessions of these users.

    Reads all sessions, because the user's id is in their data. There are few, as only
    staff has any.
    """
    ids = {user.pk for user in people}
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) in ids:
            session.delete()
