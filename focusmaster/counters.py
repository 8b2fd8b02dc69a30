"""A cache backend that counts, exactly, in PostgreSQL.

All processes share it, and a count takes one statement, which is a transaction of its
own: requests of one user wait for each other only as long as that takes. It keeps what
django-ratelimit needs and no more. Counters that have expired are cleared away a few at
a time, whenever a new one begins.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache
from django.db.models.functions import Now

from focusmaster.models import Counter
from focusmaster.queries import Slot, Statement

CLEARED_AT_ONCE = 10

COUNT = """
INSERT INTO focusmaster_counter AS counter (key, count, expires_at)
VALUES (%s, %s, statement_timestamp() + make_interval(secs => %s))
ON CONFLICT (key) DO UPDATE SET count = counter.count + excluded.count
RETURNING count::text
"""
# Skipped are those that another process clears at this moment.
CLEAR = """
DELETE FROM focusmaster_counter WHERE key IN (
    SELECT key FROM focusmaster_counter WHERE expires_at < statement_timestamp()
    ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
RETURNING key
"""

count = Statement(COUNT, [Slot("key"), Slot("delta"), Slot("seconds")])
clear = Statement(CLEAR, [CLEARED_AT_ONCE])


class DatabaseCounters(BaseCache):
    """Counters by key; each lives for the backend's TIMEOUT from its first count.

    Keys are django-ratelimit's, which are hashes, and the table has no other user:
    there is nothing to check or to put before them.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key, value, timeout=None, version=None) -> bool:
        """Leave it to `incr`, which begins a counter that is not there."""
        return False

    def incr(self, key, delta=1, version=None) -> int:
        values = {"key": key, "delta": delta, "seconds": self.default_timeout}
        total = int(count.texts(values)[0])
        if total == delta:
            clear.texts({})
        return total

    def get(self, key, default=None, version=None) -> int | None:
        counters = Counter.objects.filter(key=key, expires_at__gt=Now())
        return counters.values_list("count", flat=True).first() or default
