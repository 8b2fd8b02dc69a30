"""Limits of requests by who calls, and of what may be tried in vain (API.md §1).

A password is guessed for one account, from one address, or by many for one account; a
limit for each keeps guessing hopeless, while no stranger can lock a person out with
ten tries from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings

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
    """Return whose limit on requests it is: that of guests, users or admins."""
    return "guest" if user.is_guest else user.role


class RequestWindows(NamedTuple):
    """What limits a user's requests, and the keys of that, by the kind of user."""

    rates: dict[str, Rate | None]
    of_kind: dict[str, Window | None]
    keys: dict[str, str | None]
    # In seconds since 1970: when the first of the windows does.
    ends_at: float


# Of users who have called of late: the same until a window ends.
_windows: dict[str, RequestWindows] = {}
MOST_WINDOWS = 8192


def request_windows(user_id: str) -> RequestWindows:
    """Return what limits the user's requests now."""
    known, rates = _windows.get(user_id), settings.RATE_LIMITS
    if known and known.rates is rates and time() < known.ends_at:
        return known
    if len(_windows) >= MOST_WINDOWS:
        _windows.clear()
    of_kind = {
        kind: rate and window_of(REQUESTS, user_id, rate)
        for kind, rate in rates.items()
    }
    limited = [window for window in of_kind.values() if window]
    _windows[user_id] = found = RequestWindows(
        rates,
        of_kind,
        dict.fromkeys(KINDS) | {k: w and w.key for k, w in of_kind.items()},
        min((window.ends_at for window in limited), default=0),
    )
    return found


def count_request(user: User | None, address: str | None) -> Usage | None:
    """Count a request of this user, or of the address where there is none.

    None where requests are not limited.
    """
    rate = settings.RATE_LIMITS[kind_of(user) if user else "guest"]
    if rate is None:
        return None
    return count(REQUESTS, user.pk if user else network_of(address), rate)


@dataclass(frozen=True)
class Limit:
    """How often one value may do something; raises TooMany once it has."""

    name: str
    rate: Rate
    message: str = "Too many attempts. Try again later."

    def check(self, value: str) -> None:
        """Raise TooMany if the limit is used up."""
        usage = count(self.name, value, self.rate, by=0)
        if usage and usage.used >= usage.limit:
            raise RateLimited(usage.reset, self.message)

    def use(self, value: str) -> None:
        """Count one, or raise TooMany if it is one too many."""
        usage = count(self.name, value, self.rate)
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
    """Check a password of an account within; raising `wrong` counts as a failed guess.

    At a limit everything is refused with TooMany: before the password is looked at,
    and also after it, so that guesses at the same moment learn nothing more.
    """
    account, place = account.strip().lower(), network_of(address)
    limits = [
        (PER_ACCOUNT_AND_IP, f"{account} {place}"),
        (PER_IP, place),
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
    """Count one under each; raise the TooMany that lasts longest, if any."""
    constraint_errors = []
    for limit, value in limits:
        try:
            limit.use(value)
        except RateLimited as exc:
            constraint_errors.append(exc)
    if constraint_errors:
        raise max(constraint_errors, key=lambda exc: exc.wait)
