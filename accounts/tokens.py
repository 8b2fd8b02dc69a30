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
# Longer than any of ours, which have some 290 characters. What is not of the alphabet
# of a signature is passed over in it: a longer token may yet be valid.
MAX_TOKEN = 512


class SignInToken(AccessToken):
    """A signed token for one sign-in; TokenError when it is bad or expired."""

    @classmethod
    def for_sign_in(cls, sign_in: SignIn) -> SignInToken:
        token = cls()
        token["user_id"] = sign_in.user_id
        token[SIGN_IN_CLAIM] = sign_in.pk
        return token


class Claims(NamedTuple):
    """The claims of a token whose signature is valid."""

    sign_in_id: str
    # As the token says; the sign-in alone decides whose it is.
    user_id: str | None
    expires_at: datetime

    def is_past_half_its_life(self, *, at: datetime) -> bool:
        return self.expires_at - at < lifetime() / 2


def read_token(raw: str) -> Claims:
    """Return the claims of a token, or raise TokenError.

    A valid signature stays valid, so it is checked once and cached. The caller checks
    each time whether the token has expired.
    """
    if len(raw) > MAX_TOKEN:
        raise TokenError("The token is too long to be one of ours.")
    return checked_claims(raw)


# Of at most 1 kB each: 4 MB in a worker.
@lru_cache(maxsize=4096)
def checked_claims(raw: str) -> Claims:
    """Return the claims of a token of bounded length, from the cache if it can."""
    try:
        token = SignInToken(raw)  # type: ignore[arg-type]  # a str, whatever it declares
        expires_at = datetime.fromtimestamp(token["exp"], UTC)
    except (TypeError, ValueError, OverflowError, OSError) as exc:
        # A number in it that is no time, such as 1e300.
        raise TokenError("The token has a claim that makes no sense.") from exc
    sign_in_id, user_id = id_in(token, SIGN_IN_CLAIM), id_in(token, "user_id")
    if sign_in_id is None:
        raise TokenError("The token names no sign-in.")
    return Claims(sign_in_id, user_id, expires_at)


def id_in(token: SignInToken, claim: str) -> str | None:
    value = token.get(claim)
    return value if isinstance(value, str) and OBJECT_ID.fullmatch(value) else None


def lifetime() -> timedelta:
    return timedelta(days=settings.TOKEN_DAYS)


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
