"""The counters in Redis, where REDIS_URL is set; the interface is PostgreSQL's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends.base import BaseCache
from redis import Redis
from redis.exceptions import RedisError


class RedisCounters(BaseCache):
    """Counters by key; each lives for the backend's TIMEOUT from its last count.

    Each thread has an instance of its own, with its own connections. OPTIONS are those
    of the Redis client.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.kept_for = int(params["TIMEOUT"])
        self.client = Redis.from_url(location, **params.get("OPTIONS", {}))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        key = self.make_and_validate_key(key, version=version)
        with as_os_errors(), self.client.pipeline() as together:
            together.incr(key, delta)
            together.expire(key, self.kept_for)
            total: int = together.execute()[0]
        return total

    def get(
        self, key: str, default: int | None = None, version: int | None = None
    ) -> int | None:
        key = self.make_and_validate_key(key, version=version)
        with as_os_errors():
            count: Any = self.client.get(key)
        return default if count is None else int(count)


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise the error of any network connection in place of Redis's own."""
    try:
        yield
    except RedisError as exc:
        raise ConnectionError(str(exc)) from exc
