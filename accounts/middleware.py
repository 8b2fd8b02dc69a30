"""Who calls, and whether they may call so often: before any view of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.authentication import ProfileAuthentication, presented_token
from accounts.limits import count_request
from focusmaster.api.client_info import client_ip
from focusmaster.api.errors import exception_response, is_api
from focusmaster.api.headers import set_headers
from focusmaster.api.rate_limits import RateLimited, Usage

EXCEEDED = "Too many requests. Try again later."


class CallerMiddleware:
    """Find the token's owner and count the request, before a view can refuse it.

    Sets `request.token` (see `presented_token`), `request.sign_in` (the live sign-in
    that it belongs to, or None) and `request.caller` (its user). Every answer tells
    where the caller stands. A view with `is_counted = False` is left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        request.is_counted, request.usage = False, None
        request.token = request.sign_in = None
        response = self.get_response(request)
        # No view was reached: no such path, or a body that is too large.
        refusal = None if request.is_counted else self._counted(request)
        response = refusal or response
        if request.usage:
            add_headers(response, request.usage)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args, kwargs
    ) -> HttpResponse | None:
        if not is_api(request):
            return None
        # A function has neither.
        if not getattr(getattr(view, "cls", None), "is_counted", True):
            request.is_counted = True
            return None
        chosen = getattr(view, "initkwargs", {}).get("authentication_classes", ())
        return self._counted(request, with_profile=ProfileAuthentication in chosen)

    def _counted(
        self, request: HttpRequest, *, with_profile: bool = False
    ) -> HttpResponse | None:
        """Count the request; return the refusal of one that is too many."""
        request.is_counted = True
        try:
            request.token = token = presented_token(
                request, at=timezone.now(), with_profile=with_profile
            )
        except (OperationalError, InterfaceError) as exc:
            return exception_response(request, exc)
        if token and token.is_good:
            request.sign_in = token.sign_in
            request.caller = token.user
            request.usage = token.sign_in.usage
        if request.usage is None:
            request.usage = count_request(request.caller, client_ip(request))
        if request.usage and request.usage.is_over:
            return exception_response(
                request, RateLimited(request.usage.reset, EXCEEDED)
            )
        return None


def add_headers(response: HttpResponse, usage: Usage) -> None:
    """Tell where the caller stands, under the standard's names and the older ones."""
    limit, reset = str(usage.limit), str(usage.reset)
    remaining = str(usage.remaining)
    headers = {
        "RateLimit-Limit": limit,
        "RateLimit-Remaining": remaining,
        "RateLimit-Reset": reset,
        "X-RateLimit-Limit": limit,
        "X-RateLimit-Remaining": remaining,
        "X-RateLimit-Reset": reset,
    }
    set_headers(response, headers)
