"""Requests that a browser sends for a page of another site."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from focusmaster.api.request import ApiRequest

ORIGIN_HEADERS = frozenset(["HTTP_ORIGIN", "HTTP_REFERER"])
# Values of Sec-Fetch-Site: the page is of this origin, or the person typed the URL.
OWN_SITE = frozenset(["same-origin", "none"])
SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])


class OwnSite(AllowAny):
    """For what sets or clears the cookie: no page of another site may cause it.

    A browser says where a request comes from, by `Origin` or else by `Sec-Fetch-Site`.
    One that has neither comes from no browser, and passes.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        request = cast("ApiRequest", request)
        site = request.META.get("HTTP_SEC_FETCH_SITE", "none")
        names_origin = not request.META.keys().isdisjoint(ORIGIN_HEADERS)
        if names_origin or site not in OWN_SITE:
            refuse_foreign_origin(request)
        return True


def refuse_foreign_origin(request: ApiRequest) -> None:
    """Raise PermissionDenied for an unsafe request that another site has sent."""
    if request.method in SAFE_METHODS:
        return
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None:
        origin = origin_of(request.META.get("HTTP_REFERER", ""))
    own = f"{request.scheme}://{request.get_host()}"
    if origin != own and origin not in settings.CLIENT_ORIGINS:
        raise PermissionDenied(
            "A request with the cookie must come from this site or an allowed one.",
            "origin_not_allowed",
        )


def origin_of(url: str) -> str:
    """Return the origin of a URL, "" of a malformed one."""
    try:
        parts = urlsplit(url)
    except ValueError:  # Such as "http://[".
        return ""
    return f"{parts.scheme}://{parts.netloc}"
