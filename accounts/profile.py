"""A person's own profile, as `GET /auth/me` and each change of it return it."""

from __future__ import annotations

from accounts.models import User
from accounts.serializers import ProfileSerializer
from focusmaster.api.responses import JSONResponse
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import OwnerGone
from focusmaster.personal_data import bring_up_to_date

PROFILES = JSONRows(User, ProfileSerializer)


def profile_response(user: User) -> JSONResponse:
    """Return the profile as it is now, with the badges earned by now.

    Up to 4 queries. Raises OwnerGone.
    """
    bring_up_to_date(user)
    text = PROFILES.get(pk=user.pk)
    if text is None:
        raise OwnerGone
    return JSONResponse(text)


def prefetched_profile_response(user: User) -> JSONResponse:
    """Return the profile that the query for the caller brought along, if it is current.

    No query where no session has changed since badges were last looked for.
    """
    if user.prefetched_profile is None or user.progress.has_unseen_sessions:
        return profile_response(user)
    return JSONResponse(user.prefetched_profile)
