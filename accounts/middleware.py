"""Finds the caller of each request of the API, and limits their requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.utils import timezone

from accounts.authentication import presented_token
from accounts.limits import count_request
from focusmaster.api.client_info import client_ip
from focusmaster.api.errors import exception_response
from focusmaster.api.rate_limits import RateLimited, Usage
from focusmaster.api.request import ApiRequest

EXCEEDED = "Too many requests. Try again later."


class CallerMiddleware:
    """Look up the token and count the request before the view runs.

    Sets `token`, `caller`, `usage` and, for an action with `prefetch_profile`, the
    `prefetched_profile` of the request (see ApiRequest). Every response tells where the
    caller stands. Ignores a view with `is_counted = False`.
    """

    def __init__(self, get_response: Callable[[ApiRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ApiRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.is_api:
            return response
        if not request.is_counted:
            # No view was reached: an unknown path, or a body that is too large.
            response = self._count(request) or response
        if request.usage:
            add_headers(response, request.usage)
        return response

    def process_view(
        self, request: ApiRequest, view: Any, args, kwargs
    ) -> HttpResponse | None:
        if not request.is_api:
            return None
        # A view that is a function has neither attribute.
        if not getattr(getattr(view, "cls", None), "is_counted", True):
            request.is_counted = True
            return None
        of_action = getattr(view, "initkwargs", {})
        return self._count(request, of_action.get("prefetch_profile", False))

    def _count(
        self, request: ApiRequest, prefetch_profile: bool = False
    ) -> HttpResponse | None:
        """Find the caller and count; return the error of a request over the limit.

        One query, or two where the first one could not count.
        """
        request.is_counted = True
        try:
            request.token = token = presented_token(
                request, at=timezone.now(), prefetch_profile=prefetch_profile
            )
        except (OperationalError, InterfaceError) as exc:
            return exception_response(request, exc)
        if token and token.loaded:
            request.caller = token.caller()
            request.usage = token.loaded.usage
            request.prefetched_profile = token.loaded.profile
        if request.usage is None:
            request.usage = count_request(request.caller, client_ip(request))
        if request.usage and request.usage.is_over:
            exceeded = RateLimited(request.usage.reset, EXCEEDED)
            return exception_response(request, exceeded)
        return None


def add_headers(response: HttpResponse, usage: Usage) -> None:
    """Tell where the caller stands, by the standard's headers and the older ones."""
    limit, reset = str(usage.limit), str(usage.reset)
    remaining = str(usage.remaining)
    for prefix in ("RateLimit", "X-RateLimit"):
        response[f"{prefix}-Limit"] = limit
        response[f"{prefix}-Remaining"] = remaining
        response[f"{prefix}-Reset"] = reset
