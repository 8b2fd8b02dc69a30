"""Who is calling: from a token to a user, in one query.

CallerMiddleware looks the token up before the view, counts the request, and puts both
on the request. The authentication classes of DRF then only judge it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, cast

from django.contrib.auth.backends import ModelBackend
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts.caller_query import LoadedSignIn, load_caller_and_count
from accounts.exceptions import Barred
from accounts.limits import count_request
from accounts.models import SignIn, User
from accounts.tokens import (
    give_token,
    read_token,
    token_cookie,
)
from focusmaster.api.client_info import client_ip
from focusmaster.api.errors import PUBLISHED, exception_response
from focusmaster.api.origins import refuse_foreign_origin
from focusmaster.api.rate_limits import RateLimited, Usage
from focusmaster.api.request import ApiRequest

EXCEEDED = "Too many requests. Try again later."


@dataclass(frozen=True)
class PresentedToken:
    """A token as a request presented it, and the sign-in that it names."""

    from_cookie: bool
    at: datetime
    # None if the token is bad or has expired, or its sign-in no longer exists.
    loaded: LoadedSignIn | None

    def caller(self) -> User | None:
        """Return the user of the token; None if it is not valid or they are barred."""
        if self.loaded is None or not self.loaded.is_live:
            return None
        user = self.loaded.sign_in.user
        return None if user.is_barred() else user

    def refuse(self) -> NoReturn:
        """Raise the error of a token that has no caller: Barred, AuthenticationFailed.

        A ban also ends the sign-in, and is the better reason.
        """
        if self.loaded:
            self.loaded.sign_in.user.check_not_barred()
        raise AuthenticationFailed(*PUBLISHED[401])


def presented_token(
    request: ApiRequest, *, at: datetime, prefetch_profile: bool = False
) -> PresentedToken | None:
    """Return the token of the `Authorization` header, else of the cookie, looked up.

    None without a token. One query, which also counts the request.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, raw = header.partition(" ")
    from_cookie = scheme.lower() != "bearer"
    if from_cookie:
        raw = token_cookie().read(request)
        if not raw:
            return None
    try:
        claims = read_token(raw.strip())
    except TokenError:
        return PresentedToken(from_cookie, at, None)
    loaded = None
    if claims.expires_at > at:
        loaded = load_caller_and_count(claims, at=at, prefetch_profile=prefetch_profile)
    return PresentedToken(from_cookie, at, loaded)


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


class TokenAuthentication(BaseAuthentication):
    """The caller that CallerMiddleware has found.

    `request.user` is the user, `request.auth` the sign-in. No query, but for a use that
    is to be noted or a cookie that is to be renewed.
    """

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        request = cast("ApiRequest", request)
        token, user = request.token, request.caller
        if token is None:
            return None
        loaded = token.loaded
        if loaded is None or user is None:
            token.refuse()

        if token.from_cookie:
            refuse_foreign_origin(request)
            if loaded.claims.is_past_half_its_life(at=token.at):
                loaded.sign_in.extend()
                give_token(request, loaded.sign_in)
        if loaded.needs_touch:
            loaded.sign_in.touch(at=token.at)
        return user, loaded.sign_in


class OptionalTokenAuthentication(TokenAuthentication):
    """For endpoints that need no caller: a bad token counts as none."""

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        request = cast("ApiRequest", request)
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


class LeavingAuthentication(OptionalTokenAuthentication):
    """For leaving, and entering as another: the token of a barred person, too, is none.

    Nobody else of their household is to be kept out by a cookie that was left there.
    """

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        try:
            return super().authenticate(request)
        except Barred:
            return None


class GuestAuthentication(LeavingAuthentication):
    """For signing in: only a guest is a caller, the token of another counts as none."""

    def authenticate(self, request: Request) -> tuple[User, SignIn] | None:
        request = cast("ApiRequest", request)
        if request.caller and not request.caller.is_guest:
            return None
        return super().authenticate(request)


class StaffBackend(ModelBackend):
    """Sign-in to the pages for staff, with email and password."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if username is None or password is None:
            return None
        user = User.objects.with_credentials(username, password)
        return user if user and self.user_can_authenticate(user) else None
