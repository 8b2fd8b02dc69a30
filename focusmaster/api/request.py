"""The request as middleware and views of the API see it.

At run time middleware has Django's request and a view has DRF's, which passes every
attribute on to Django's. Both are annotated as `ApiRequest`, which declares what our
middleware puts there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.authentication import PresentedToken
    from accounts.models import SignIn, User
    from focusmaster.api.rate_limits import Usage


class ApiRequest(Request):
    # RequestMiddleware: in the log line, in errors and in X-Request-Id.
    id: str
    # What is done to the response before it leaves, such as setting a cookie.
    on_response: list[Callable[[HttpResponse], None]]
    # CallerMiddleware: whether the request has been counted, and where its caller
    # stands; None where requests are not limited.
    is_counted: bool
    usage: Usage | None
    # The token as it was presented, also one that is bad; the live sign-in that it
    # belongs to, and the user of that.
    token: PresentedToken | None
    sign_in: SignIn | None
    caller: User | None
    # The same, in a view that only somebody who is signed in gets to.
    user: User


def initialize(request: ApiRequest, request_id: str) -> None:
    """Set what middleware puts on a request to what it is before any middleware."""
    request.id = request_id
    request.on_response = []
    request.is_counted = False
    request.usage = request.token = request.sign_in = request.caller = None
