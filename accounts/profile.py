"""The profile of a user, as reading it, changing it and signing in return it."""

from __future__ import annotations

from rest_framework.response import Response

from accounts.models import SignIn, User
from accounts.serializers import ProfileSerializer, SignInResponseSerializer
from accounts.tokens import give_token
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import NO_STORE, JSONResponse
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


def sign_in_response(
    request: ApiRequest, sign_in: SignIn, status: int = 200
) -> Response:
    """Return the user who has signed in, with a new token, also as the cookie."""
    signed_in = {"user": sign_in.user, "token": give_token(request, sign_in)}
    body = SignInResponseSerializer(signed_in).data
    return Response(body, status=status, headers=NO_STORE)
