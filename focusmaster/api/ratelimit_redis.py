"""The counters in Redis, for who has one: the same interface as in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class RedisCounters(RedisCache):
    """Counters by key; each lives for the backend's TIMEOUT from its last count."""

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
    """Raise what any network connection raises, for who knows nothing of Redis."""
    try:
        yield
    except RedisError as exc:
        raise ConnectionError(str(exc)) from exc
