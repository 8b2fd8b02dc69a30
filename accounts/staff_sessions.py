"""Sessions of the pages for staff, which are no sign-ins to the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

if TYPE_CHECKING:
    from accounts.models import User


def end_staff_sessions(*people: User) -> None:
    """Delete these people's sessions; only inside they tell whose, so each is opened.

    There are few: none begins before a member of staff has signed in.
    """
    ids = {user.pk for user in people}
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) in ids:
            session.delete()
