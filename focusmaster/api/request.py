"""The request as middleware and views of the API see it.

At run time middleware has Django's request and a view has DRF's, which passes every
attribute on to Django's. Both are annotated as `ApiRequest`, which declares what our
middleware puts there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.authentication import PresentedToken
    from accounts.models import SignIn, User
    from focusmaster.api.query_params import Query
    from focusmaster.api.rate_limits import Usage


def view_option(view: Any, name: str, default: bool) -> bool:
    """Return an option of the action that a URL leads to, else of its viewset."""
    of_view = getattr(getattr(view, "cls", None), name, default)
    return bool(getattr(view, "initkwargs", {}).get(name, of_view))


class ApiRequest(Request):
    # RequestMiddleware: the id in the log line, in errors and in X-Request-Id, and
    # whether the path is below /api.
    id: str
    is_api: bool
    # What is done to the response before it leaves, such as setting a cookie.
    on_response: list[Callable[[HttpResponse], None]]
    # CallerMiddleware: whether the request has been counted, and where its caller
    # stands; None where requests are not limited.
    is_counted: bool
    usage: Usage | None
    # The token as it was presented, also one that is bad, and the user whom it lets in.
    token: PresentedToken | None
    caller: User | None
    # The JSON of the caller's profile, for an action with `prefetch_profile`.
    prefetched_profile: str | None
    # ApiView: what the query string holds, by the declaration of the call.
    query: Query
    # TokenAuthentication: the caller and their sign-in. Both are None where an endpoint
    # needs no caller and there is none.
    user: User
    auth: SignIn
