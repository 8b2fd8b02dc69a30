"""The profile of a user, as `GET /auth/me` and each change of it return it."""

from __future__ import annotations

from accounts.models import User
from accounts.serializers import ProfileSerializer
from focusmaster.api.responses import JSONResponse
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import OwnerGone
from focusmaster.personal_data import bring_up_to_date

PROFILES = JSONRows(User, ProfileSerializer)


def profile_response(user: User, prefetched: str | None = None) -> JSONResponse:
    """Return the profile as it is now, with the badges earned by now.

    `prefetched` came with the query for the caller; with it there is no query, unless
    sessions have changed since the badges were last brought up to date. Otherwise up to
    4 queries. Raises OwnerGone.
    """
    if prefetched is not None and not user.progress.has_unseen_sessions:
        return JSONResponse(prefetched)
    bring_up_to_date(user)
    text = PROFILES.get(pk=user.pk)
    if text is None:
        raise OwnerGone
    return JSONResponse(text)
