"""Summaries that a worker caches until one of their sessions changes.

A dashboard asks for the same few summaries again and again. A trigger gives the user a
new progress version whenever one of their focus sessions changes, and the query that
finds the caller reads it: the same version means the same summary.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from accounts.models import User
    from focusmaster.dates.periods import Period

# Summaries of each kind in a worker's cache, and the longest period of one. A month by
# days has 1.7 kB, a year 22 kB: each kind takes 23 MB at most.
CACHED = 1024
LONGEST_CACHED = timedelta(days=367)


def cached_by_version(summary: Callable[..., Any]) -> Callable[..., bytes]:
    """Return a function that returns a summary as JSON, from the cache if it can.

    `summary` takes a user's id, a period, and what else it depends on, such as a
    setting; all of them are part of the cache's key. Only a summary of a fixed size may
    take a period without bounds. No query on a hit.

    The user's progress version must have been read for this request: then no session
    that committed before is missed. One that commits later may be included already.
    """

    @lru_cache(maxsize=CACHED)
    def cached(user_id: str, version: int, period: Period, *more: Hashable) -> bytes:
        return orjson.dumps(summary(user_id, period, *more))

    def json_of(user: User, period: Period, *more: Hashable) -> bytes:
        if is_long(period):
            return orjson.dumps(summary(user.pk, period, *more))
        return cached(user.pk, user.progress.version, period, *more)

    return json_of


def is_long(period: Period) -> bool:
    if period.start is None or period.end is None:
        return False
    return period.end - period.start > LONGEST_CACHED
