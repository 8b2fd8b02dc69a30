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
        self.client = Redis.from_url(location, **params.get("OPTIONS", {}))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        key = self.make_and_validate_key(key, version=version)
        with as_os_errors():
            client = self._cache.get_client(key, write=True)  # type: ignore[attr-defined]  # the stubs leave it out
            together = client.pipeline()
            together.incr(key, delta)
            together.expire(key, self.default_timeout)
            total: int = together.execute()[0]
        return total

    def get(
        self, key: str, default: int | None = None, version: int | None = None
    ) -> int | None:
        with as_os_errors():
            total: int | None = super().get(key, default, version)
        return total


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise the error of any network connection in place of Redis's own."""
    try:
        yield
    except RedisError as exc:
        raise ConnectionError(str(exc)) from exc
