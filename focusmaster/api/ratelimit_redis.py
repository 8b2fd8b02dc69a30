"""The counters in Redis, for who has one: the same interface as in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class RedisCounters(RedisCache):
    """Counters by key; each lives for the backend's TIMEOUT from its last count."""

    def incr(self, key, delta=1, version=None) -> int:
        key = self.make_and_validate_key(key, version=version)
        with as_os_errors():
            together = self._cache.get_client(key, write=True).pipeline()
            together.incr(key, delta)
            together.expire(key, self.default_timeout)
            return together.execute()[0]

    def get(self, key, default=None, version=None) -> int | None:
        with as_os_errors():
            return super().get(key, default, version)


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise what any network connection raises, for who knows nothing of Redis."""
    try:
        yield
    except RedisError as exc:
        raise ConnectionError(str(exc)) from exc
