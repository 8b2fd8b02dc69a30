"""A cache backend that counts, exactly, in PostgreSQL.

All processes share it, and a count takes one statement, which is a transaction of its
own: requests of one user wait for each other only as long as that takes. It keeps what
`focusmaster.api.rate_limits` needs and no more. Counters that have expired are cleared
away a few at a time, whenever a new one begins.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache.backends.base import BaseCache
from django.db.models.functions import Now

from focusmaster.db.statements import Param, Statement
from focusmaster.models import Counter

# Seconds from the first count: longer than the longest window.
KEPT_FOR = settings.CACHES["counters"]["TIMEOUT"]

# Rows are of a key and what to add, and may be none; how long to keep them comes first.
COUNT = """
INSERT INTO focusmaster_counter AS counter (key, count, expires_at)
SELECT *, statement_timestamp() + make_interval(secs => %s) FROM ({rows}) AS counted
ON CONFLICT (key) DO UPDATE SET count = counter.count + excluded.count
RETURNING count::text
"""

count = Statement(
    COUNT.format(rows="SELECT %s::text, %s::integer"),
    [KEPT_FOR, Param("key"), Param("delta")],
)


def clear_expired() -> None:
    Counter.objects.delete_expired(before=Now())


class DatabaseCounters(BaseCache):
    """Counters by key; each is kept from its first count on.

    Keys are hashes (see `focusmaster.api.rate_limits`), and the table has no other
    user: there is nothing to check or to put before them.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        total = int(count.fetch_scalars({"key": key, "delta": delta})[0])
        if total == delta:
            clear_expired()
        return total

    def get(
        self, key: str, default: int | None = None, version: int | None = None
    ) -> int | None:
        counters = Counter.objects.filter(key=key, expires_at__gt=Now())
        return counters.values_list("count", flat=True).first() or default
