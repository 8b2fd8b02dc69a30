"""Who is calling: from a token to a user, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework_simplejwt.exceptions import TokenError

from accounts.caller_query import load_caller_and_count
from accounts.exceptions import Barred
from accounts.models import SignIn, User
from accounts.tokens import (
    Claims,
    give_token,
    read_token,
    token_cookie,
    token_in_header,
)
from focusmaster.api.errors import PUBLISHED
from focusmaster.api.request import ApiRequest

SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])


@dataclass
class PresentedToken:
    """A token as a request presented it, and what became of it."""

    from_cookie: bool
    claims: Claims | None
    # Whatever its state; None where there is none, or the token is bad.
    sign_in: SignIn | None
    at: datetime

    @cached_property
    def user(self) -> User | None:
        return self.sign_in and self.sign_in.user

    @cached_property
    def is_good(self) -> bool:
        """Whether it makes the sign-in's user the caller."""
        return bool(self.user) and self.sign_in.live and not self.user.is_barred()

    def check(self) -> None:
        """Raise what the presenter of a token that is not good should read."""
        if self.is_good:
            return
        if self.user:
            # Rather than of the end of the sign-in, which a ban ends, too.
            refuse_barred(self.user)
        raise AuthenticationFailed(*PUBLISHED[401])


def presented_token(
    request: ApiRequest, *, at: datetime, with_profile: bool = False
) -> PresentedToken | None:
    """Look up the token in the `Authorization` header or, failing that, the cookie.

    None without one. One query.
    """
    raw = token_in_header(request)
    from_cookie = raw is None
    if from_cookie:
        raw = token_cookie().read(request)
    if not raw:
        return None
    claims = sign_in = None
    try:
        claims = read_token(raw)
    except TokenError:
        pass
    else:
        if claims.expires_at > at:
            sign_in = load_caller_and_count(claims, at=at, with_profile=with_profile)
    return PresentedToken(from_cookie, claims, sign_in, at)


class TokenAuthentication(BaseAuthentication):
    """The owner of the token that `CallerMiddleware` has looked up.

    Sets `request.user` and, as `request.auth`, the sign-in.
    """

    def authenticate_header(self, request: ApiRequest) -> str:
        return "Bearer"

    def authenticate(self, request: ApiRequest) -> tuple[User, SignIn] | None:
        token = request.token
        if token is None:
            return None

        token.check()
        sign_in = token.sign_in
        sign_in.came_by_cookie = token.from_cookie
        if token.from_cookie:
            refuse_foreign_origin(request)
            if token.claims.is_past_half_its_life(at=token.at):
                sign_in.extend()
                give_token(request, sign_in)
        if sign_in.needs_touch:
            sign_in.touch(at=token.at)
        return token.user, sign_in


class OptionalTokenAuthentication(TokenAuthentication):
    """The same where a caller may be nobody: a bad token counts as none."""

    def authenticate(self, request: ApiRequest) -> tuple[User, SignIn] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


def refuse_barred(user: User) -> None:
    if user.is_barred():
        raise Barred(user)


def refuse_foreign_origin(request: ApiRequest) -> None:
    """Refuse an unsafe request that a browser sends for another site."""
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
    try:
        parts = urlsplit(url)
    except ValueError:  # Such as "http://[".
        return ""
    return f"{parts.scheme}://{parts.netloc}"


class StaffBackend(ModelBackend):
    """Sign-in to the pages for staff, with email and password."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if username is None or password is None:
            return None
        user = User.objects.with_credentials(username, password)
        return user if user and self.user_can_authenticate(user) else None
