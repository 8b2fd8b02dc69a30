"""Summaries that a worker remembers until a session that they are made of changes.

A dashboard asks for the same few summaries again and again, mostly with nothing new in
between. The database gives the user a new progress version whenever one of their focus
sessions changes, and the token's owner brings that along: while it is the same, so is
the summary.
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

# Of each kind, a worker keeps so many summaries of at most so long a period. A month
# by days has 1.7 kB, a year 22 kB.
KEPT = 1024
LONGEST_KEPT = timedelta(days=367)


def cached_by_version(summary: Callable[..., Any]) -> Callable[..., bytes]:
    """Turn a summary of a user's focus sessions in a period into its JSON.

    Whatever else it depends on, such as a setting, it takes as further arguments, which
    tell one summary from another. Only what has the same few entries for any period may
    take one without bounds.

    The user's progress version must be from this request. A change that commits
    after it was read may be in the summary already, never the other way round.
    """

    @lru_cache(maxsize=KEPT)
    def kept(user_id: str, version: int, period: Period, *more: Hashable) -> bytes:
        return orjson.dumps(summary(user_id, period, *more))

    def document(user: User, period: Period, *more: Hashable) -> bytes:
        if is_long(period):
            return orjson.dumps(summary(user.pk, period, *more))
        return kept(user.pk, user.progress.version, period, *more)

    return document


def is_long(period: Period) -> bool:
    if period.start is None or period.end is None:
        return False
    return period.end - period.start > LONGEST_KEPT
