"""Cookies that the API sets for browsers: who sends them, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpResponse

    from focusmaster.api.request import ApiRequest


@dataclass(frozen=True)
class ApiCookie:
    """A cookie that no script can read.

    Browsers send it from pages of this site or, with TOKEN_COOKIE_CROSS_SITE, from
    those of any site.
    """

    name: str
    max_age: timedelta
    path: str = "/"

    def read(self, request: ApiRequest) -> str:
        """Return the value that the request brings, "" without one."""
        return request.COOKIES.get(self.name, "")

    def set(self, request: ApiRequest, response: HttpResponse, value: str) -> None:
        response.set_cookie(
            self.name,
            value,
            max_age=self.max_age,
            path=self.path,
            httponly=True,
            # Browsers take SameSite=None only together with Secure.
            secure=settings.TOKEN_COOKIE_CROSS_SITE or request.is_secure(),
            samesite=same_site(),
        )

    def clear(self, response: HttpResponse) -> None:
        response.delete_cookie(self.name, path=self.path, samesite=same_site())


def same_site() -> Literal["None", "Lax"]:
    return "None" if settings.TOKEN_COOKIE_CROSS_SITE else "Lax"
