"""Who is calling: from a token to a user, in one query."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, Q
from django.db.models.base import ModelState
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts.models import LAST_USED_PRECISION, SignIn, User, live_at
from accounts.serializers import ProfileSerializer
from accounts.tokens import (
    Claims,
    give_token,
    read_token,
    token_in_cookie,
    token_in_header,
)
from focusmaster.api import PUBLISHED
from focusmaster.documents import document_of
from focusmaster.queries import CompiledQuery, Slot

SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])


# What many views look at; the rest is fetched when someone asks for it.
USER_FIELDS = [
    "id",
    "role",
    "status",
    "is_guest",
    "timezone",
    "week_start",
    "daily_goal",
    "focus_seconds",
    "focus_count",
    "focus_version",
]


@cache
def _sign_in_query(with_profile: bool) -> CompiledQuery:
    sign_ins = SignIn.objects.filter(pk=Slot("id")).annotate(
        live=live_at(Slot("now")), stale=Q(last_used_at__lt=Slot("long_ago"))
    )
    fields = [f"user__{field}" for field in USER_FIELDS]
    if with_profile:
        profile = document_of(ProfileSerializer(), User, "user__")
        sign_ins = sign_ins.annotate(profile=profile)
        fields.append("profile")
    return CompiledQuery(sign_ins.values_list("live", "stale", *fields))


def find_sign_in(
    sign_in_id: str, *, at: datetime, with_profile: bool = False
) -> SignIn | None:
    """Return the sign-in with its user, whatever its state; one query.

    Its `live` and `stale` tell whether its tokens count, and whether its last use is
    due to be noted. The user's `profile` is there on request, as JSON text.
    """
    long_ago = at - LAST_USED_PRECISION
    values = {"id": bytes.fromhex(sign_in_id), "now": at, "long_ago": long_ago}
    rows = _sign_in_query(with_profile).rows(values)
    if not rows:
        return None
    live, stale, *columns = rows[0]
    user = loaded(User, dict(zip(USER_FIELDS, columns, strict=False)))
    if with_profile:
        user.profile = columns[-1]
    sign_in = loaded(SignIn, {"id": sign_in_id, "user_id": user.pk})
    sign_in.user, sign_in.live, sign_in.stale = user, live, stale
    return sign_in


def loaded(model: type[Model], columns: dict[str, Any]) -> Model:
    """Return a row as `Model.from_db` does, without the signals that nobody hears."""
    row = model.__new__(model)
    row._state = ModelState()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    row.__dict__ |= columns
    return row


@dataclass
class Token:
    """A token as a request presented it, and what became of it."""

    from_cookie: bool
    claims: Claims | None
    # Whatever its state; None where there is none, or the token is bad.
    sign_in: SignIn | None
    at: datetime

    @property
    def is_good(self) -> bool:
        """Tell whether it makes the sign-in's user the caller."""
        sign_in = self.sign_in
        return sign_in is not None and sign_in.live and not sign_in.user.is_barred()

    def check(self) -> None:
        """Raise what the presenter of a token that is not good should read."""
        if self.sign_in is None:
            raise AuthenticationFailed(*PUBLISHED[401])
        # Before the sign-in's end: a ban ends sign-ins, and the person should read why.
        refuse_barred(self.sign_in.user)
        if not self.sign_in.live:
            raise AuthenticationFailed(*PUBLISHED[401])


def presented_token(
    request: HttpRequest, *, at: datetime, with_profile: bool = False
) -> Token | None:
    """Look up the token in the `Authorization` header or, failing that, the cookie.

    None without one. One query.
    """
    raw = token_in_header(request)
    from_cookie = raw is None
    if from_cookie:
        raw = token_in_cookie(request)
    if raw is None:
        return None
    claims = sign_in = None
    with suppress(TokenError):
        claims = read_token(raw)
        if claims.expires_at > at:
            sign_in = find_sign_in(claims.sign_in_id, at=at, with_profile=with_profile)
    return Token(from_cookie, claims, sign_in, at)


class TokenAuthentication(BaseAuthentication):
    """The owner of the token that `CallerMiddleware` has looked up.

    Sets `request.user` and, as `request.auth`, the sign-in.
    """

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        token = request._request.token
        if token is None:
            return None

        token.check()
        sign_in = token.sign_in
        sign_in.came_by_cookie = token.from_cookie
        if token.from_cookie:
            refuse_foreign_origin(request)
            if token.claims.is_past_half_its_life(at=token.at):
                sign_in.extend()
                give_token(request._request, sign_in)
        if sign_in.stale:
            sign_in.touch(at=token.at)
        return sign_in.user, sign_in


class ProfileAuthentication(TokenAuthentication):
    """The same for a call that answers with the profile: it comes with the user."""


class OptionalTokenAuthentication(TokenAuthentication):
    """The same where a caller may be nobody: a bad token counts as none."""

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


def refuse_barred(user: User) -> None:
    if user.is_barred():
        raise PermissionDenied(user.bar_message(), user.status)


def refuse_foreign_origin(request: Request) -> None:
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
