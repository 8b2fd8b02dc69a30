"""Tokens: a JWT that names a sign-in, sent as a header or as a cookie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from focusmaster.db.fields import OBJECT_ID

if TYPE_CHECKING:
    from accounts.models import SignIn

SIGN_IN_CLAIM = "sid"


class SignInToken(AccessToken):
    """A signed token for one sign-in; TokenError when it is bad or expired."""

    @classmethod
    def for_sign_in(cls, sign_in: SignIn) -> SignInToken:
        token = cls()
        token["user_id"] = sign_in.user_id
        token[SIGN_IN_CLAIM] = sign_in.pk
        return token


class Claims(NamedTuple):
    """What a token says, its signature checked."""

    sign_in_id: str
    # Whose it says that is. The sign-in alone decides it.
    user_id: str | None
    expires_at: datetime

    def is_past_half_its_life(self, *, at: datetime) -> bool:
        return self.expires_at - at < lifetime() / 2


@lru_cache(maxsize=4096)
def read_token(raw: str) -> Claims:
    """Return what a token says, or raise TokenError.

    A signature that was good stays good, so it is checked once; whether the token has
    expired is for the caller to ask, each time.
    """
    token = SignInToken(raw)
    sign_in_id, user_id = id_in(token, SIGN_IN_CLAIM), id_in(token, "user_id")
    if sign_in_id is None:
        raise TokenError("The token names no sign-in.")
    return Claims(sign_in_id, user_id, datetime.fromtimestamp(token["exp"], UTC))


def id_in(token: SignInToken, claim: str) -> str | None:
    value = token.get(claim)
    return value if isinstance(value, str) and OBJECT_ID.fullmatch(value) else None


def lifetime() -> timedelta:
    return timedelta(days=settings.TOKEN_DAYS)


def token_in_header(request: HttpRequest) -> str | None:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def token_in_cookie(request: HttpRequest) -> str | None:
    return request.COOKIES.get(settings.TOKEN_COOKIE) or None


def set_token_cookie(request: HttpRequest, response: HttpResponse, token: str) -> None:
    cross_site = settings.TOKEN_COOKIE_CROSS_SITE
    response.set_cookie(
        settings.TOKEN_COOKIE,
        token,
        max_age=lifetime(),
        httponly=True,
        secure=cross_site or request.is_secure(),
        samesite="None" if cross_site else "Lax",
    )


def give_token(request: HttpRequest, sign_in: SignIn) -> str:
    """Return a new token of the sign-in; the answer will set it as the cookie, too."""
    token = str(SignInToken.for_sign_in(sign_in))
    request.on_response.append(
        lambda response: set_token_cookie(request, response, token)
    )
    return token


def clear_token_cookie(response: HttpResponse) -> None:
    cross_site = settings.TOKEN_COOKIE_CROSS_SITE
    response.delete_cookie(
        settings.TOKEN_COOKIE, samesite="None" if cross_site else "Lax"
    )
