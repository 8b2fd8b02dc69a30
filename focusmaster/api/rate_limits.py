"""Limits on how often somebody may do something, counted exactly across processes.

django-ratelimit names the counters and divides time into windows; the store is the
cache `counters`: PostgreSQL, or Redis where REDIS_URL is set. A store that fails lets
everything pass, and is logged once until it works again.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from time import monotonic, time
from typing import NamedTuple

from django.core.cache import caches
from django.db import DatabaseError, InterfaceError
from django_ratelimit import core as ratelimit
from rest_framework.exceptions import Throttled

from focusmaster.environment import Rate

log = logging.getLogger("focusmaster.limits")

# What a store that does not answer raises; `ratelimit_redis` turns Redis's errors
# into these.
STORE_ERRORS = (DatabaseError, InterfaceError, OSError)
# Seconds for which a store that failed is not asked again: nobody should wait for it.
PAUSE = 5


class Usage(NamedTuple):
    """Where somebody stands; `reset` is the seconds until the count begins anew."""

    used: int
    limit: int
    reset: int

    @property
    def is_over(self) -> bool:
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class Window(NamedTuple):
    """The present stretch of time in which something may be done so often."""

    key: str
    limit: int
    ends_at: int  # In seconds since 1970.

    def usage(self, count: int) -> Usage:
        return Usage(count, self.limit, max(1, self.ends_at - int(time())))


def window_of(name: str, value: str, rate: Rate) -> Window:
    """Return when and under which key it is counted what `value` does."""
    return _window(name, value, rate, window_end(value, rate.seconds))


# These two names of django-ratelimit's are private. Its public `get_usage` counts, too,
# but by a statement of its own; ours is part of the one that finds the caller, which
# saves a round trip, about a fifth of the CPU of `GET /auth/me`. A test compares.
def window_end(value: str, seconds: int) -> int:
    """Return when the present window of a value ends, in seconds since 1970."""
    ends_at: int = ratelimit._get_window(value, seconds)
    return ends_at


# The same for each request until it ends. Values are ids, networks and digests, so that
# an entry has at most 1 kB: 8 MB in a worker.
@lru_cache(maxsize=8192)
def _window(name: str, value: str, rate: Rate, ends_at: int) -> Window:
    key = ratelimit._make_cache_key(name, ends_at, rate, value, ratelimit.ALL)
    return Window(key, rate.times, ends_at)


class RateLimited(Throttled):
    """A limit is reached; `wait` says for how many seconds."""

    default_code = "too_many_requests"

    def __init__(self, wait: int, message: str) -> None:
        super().__init__(detail=message, code=self.default_code)
        # Throttled would add a sentence of its own.
        self.wait = max(1, wait)


def count(name: str, value: str, rate: Rate, *, by: int = 1) -> Usage | None:
    """Count one more of what `value` did, or with `by=0` look; None if nobody can say.

    Each rate has counters of its own: one that is changed begins anew.
    """
    if store.is_paused:
        return None
    window, counters = window_of(name, value, rate), caches["counters"]
    try:
        total = counters.incr(window.key, by) if by else counters.get(window.key, 0)
    except STORE_ERRORS as exc:
        store.failed(exc)
        return None
    store.answered()
    return window.usage(total)


class CounterStoreBreaker:
    """Whether the store of the counters answers; says so when that changes."""

    def __init__(self) -> None:
        self.retry_at: float | None = None

    @property
    def is_paused(self) -> bool:
        return self.retry_at is not None and monotonic() < self.retry_at

    def failed(self, exc: Exception) -> None:
        if self.retry_at is None:
            log.warning("Nothing is limited: the counters cannot be kept: %s", exc)
        self.retry_at = monotonic() + PAUSE

    def answered(self) -> None:
        if self.retry_at is not None:
            self.retry_at = None
            log.warning("The counters are kept again.")


store = CounterStoreBreaker()
