"""Limits of requests by caller, and of failed attempts (API.md §1).

Passwords are guessed for one account, from one address, or for one account from many
addresses. Each has a limit, so that guessing is hopeless and no stranger can lock a
person out with ten attempts from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.addresses import email_key
from focusmaster.api.client_info import network_of
from focusmaster.api.rate_limits import RateLimited, Usage, Window, count, window_of
from focusmaster.environment import Rate

if TYPE_CHECKING:
    from accounts.models import User

QUARTER = 15 * 60
HOUR = 60 * 60

REQUESTS = "requests"
KINDS = ("guest", "admin", "user")


def kind_of(user: User) -> str:
    """Return which limit of requests applies: guest, admin or user."""
    return "guest" if user.is_guest else user.role


def request_windows(user_id: str) -> dict[str, Window]:
    """Return the present window of a user's requests, by the kind of user.

    A kind whose requests are not limited is left out.
    """
    return {
        kind: window_of(REQUESTS, user_id, rate)
        for kind, rate in settings.RATE_LIMITS.items()
        if rate
    }


def count_request(user: User | None, address: str | None) -> Usage | None:
    """Count a request of this user, or of the address without one.

    Return where they stand, None where requests are not limited. One query, none with
    Redis.
    """
    rate = settings.RATE_LIMITS[kind_of(user) if user else "guest"]
    if rate is None:
        return None
    return count(REQUESTS, user.pk if user else network_of(address), rate)


def digest_of(value: str) -> str:
    """Return a key of fixed length: the names of windows are kept in memory."""
    return sha256(value.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Limit:
    """How often something may be done for one value, such as an address."""

    name: str
    rate: Rate
    message: str = "Too many attempts. Try again later."

    def check(self, value: str) -> None:
        """Raise RateLimited if the limit is used up."""
        usage = count(self.name, digest_of(value), self.rate, by=0)
        if usage and usage.used >= usage.limit:
            raise RateLimited(usage.reset, self.message)

    def use(self, value: str) -> None:
        """Count one attempt, or raise RateLimited if it is over the limit."""
        usage = count(self.name, digest_of(value), self.rate)
        if usage and usage.is_over:
            raise RateLimited(usage.reset, self.message)


GUESSED = "Too many failed sign-ins. Try again later."
PER_ACCOUNT_AND_IP = Limit("guesses of one from one", Rate(10, QUARTER), GUESSED)
PER_IP = Limit("guesses from one", Rate(30, QUARTER), GUESSED)
PER_ACCOUNT = Limit("guesses of one", Rate(100, QUARTER), GUESSED)


@contextmanager
def limit_password_attempts(
    account: str, address: str | None, *, wrong: type[Exception]
) -> Iterator[None]:
    """Check a password within the block; raising `wrong` counts as a failed attempt.

    Raises RateLimited at a limit: before the password is checked, and again after it,
    so that concurrent attempts beyond the limit learn nothing.
    """
    account, network = email_key(account), network_of(address)
    limits = [
        (PER_ACCOUNT_AND_IP, f"{account} {network}"),
        (PER_IP, network),
        (PER_ACCOUNT, account),
    ]
    for limit, value in limits:
        limit.check(value)
    try:
        yield
    except wrong:
        use_all(limits)
        raise
    for limit, value in limits:
        limit.check(value)


def use_all(limits: list[tuple[Limit, str]]) -> None:
    """Count one attempt for each limit; raise the RateLimited with the longest wait."""
    exceeded = []
    for limit, value in limits:
        try:
            limit.use(value)
        except RateLimited as exc:
            exceeded.append(exc)
    if exceeded:
        raise max(exceeded, key=lambda exc: exc.wait)
