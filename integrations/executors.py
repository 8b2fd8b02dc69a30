"""Threads for requests to Spotify, so that its silence holds nothing else up.

A request of ours waits no longer than its deadline, whatever the network does, and only
a few requests of a process wait at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections

from focusmaster.db.transactions import require_no_transaction
from integrations.exceptions import SpotifyUnavailable

# Seconds that a request waits for a free thread, while Spotify responds, be it slowly.
MAX_WAIT = 2.5


class BoundedExecutor:
    """A few threads for functions whose callers wait for the result.

    Once Spotify does not respond in time and all threads are taken, further calls fail
    at once rather than queue behind those.
    """

    def __init__(self, size: int) -> None:
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="spotify")
        self.free = BoundedSemaphore(size)
        self.is_silent = False

    def run(self, act: Callable[..., Any], *args: Any, deadline: float) -> Any:
        """Return what `act` returns.

        Raises what `act` raises, and SpotifyUnavailable if no thread is free or `act`
        has not returned at the deadline, a time of the monotonic clock. Raises
        RuntimeError in a transaction.
        """
        require_no_transaction()
        wait = 0 if self.is_silent else min(MAX_WAIT, deadline - monotonic())
        if not self.free.acquire(timeout=max(0, wait)):
            self.is_silent = True
            raise SpotifyUnavailable("all threads wait for it")
        future = self.threads.submit(with_own_connection, act, args)
        future.add_done_callback(lambda _: self.free.release())
        try:
            return future.result(timeout=max(0, deadline - monotonic()))
        except TimeoutError:
            future.cancel()  # What has not begun must not happen later.
            raise SpotifyUnavailable("too slow") from None
        finally:
            self.is_silent = monotonic() >= deadline


def with_own_connection(act: Callable[..., Any], args: tuple) -> Any:
    """Return what `act` returns; then close the thread's database connections."""
    try:
        return act(*args)
    finally:
        connections.close_all()


def executor_size() -> int:
    """Return three quarters of the web threads: the others are left for the rest."""
    return max(1, settings.WEB_THREADS - max(1, settings.WEB_THREADS // 4))
