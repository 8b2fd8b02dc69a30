"""Tokens: a JWT that names a sign-in, sent as a header or as a cookie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from focusmaster.api.cookies import ApiCookie
from focusmaster.db.fields import OBJECT_ID

if TYPE_CHECKING:
    from accounts.models import SignIn
    from focusmaster.api.request import ApiRequest

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


def token_in_header(request: ApiRequest) -> str | None:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def token_cookie() -> ApiCookie:
    return ApiCookie(settings.TOKEN_COOKIE, max_age=lifetime())


def give_token(request: ApiRequest, sign_in: SignIn) -> str:
    """Return a new token of the sign-in; the response sets it as the cookie, too."""
    token = str(SignInToken.for_sign_in(sign_in))
    request.on_response.append(
        lambda response: token_cookie().set(request, response, token)
    )
    return token


def forget_token(request: ApiRequest) -> None:
    """Have the response clear the cookie."""
    request.on_response.append(token_cookie().clear)
