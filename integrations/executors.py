"""Threads for requests to Spotify, so that its silence holds nothing else up.

A request of ours waits no longer than its deadline, whatever the network does, and only
a few requests of a process wait at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections

from integrations.exceptions import FAILURES, SpotifyUnavailable

log = logging.getLogger("focusmaster.spotify")

# Seconds that a request waits for a free thread, while Spotify responds.
MAX_WAIT = 1
# Seconds after which a task of the queue is dropped: it should have run at once.
MAX_AGE = 10
# Users with a task in the queue, in one process.
MAX_WAITING = 1000


class BoundedExecutor:
    """A few threads for functions whose callers wait for the result.

    Once Spotify is slow and all threads are taken, further calls fail at once rather
    than queue behind those.
    """

    def __init__(self, size: int) -> None:
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="spotify")
        self.free = BoundedSemaphore(size)
        self.is_slow = False

    def run(self, act: Callable[..., Any], *args: Any, deadline: float) -> Any:
        """Return what `act` returns.

        Raises what `act` raises, and SpotifyUnavailable if no thread is free or `act`
        has not returned at the deadline, a time of the monotonic clock.
        """
        wait = 0 if self.is_slow else min(MAX_WAIT, deadline - monotonic())
        if not self.free.acquire(timeout=max(0, wait)):
            self.is_slow = True
            raise SpotifyUnavailable("all threads wait for it")
        future = self.threads.submit(with_own_connection, act, args)
        future.add_done_callback(lambda _: self.free.release())
        try:
            result = future.result(timeout=max(0, deadline - monotonic()))
        except TimeoutError:
            self.is_slow = True
            future.cancel()  # What has not begun must not happen later.
            raise SpotifyUnavailable("too slow") from None
        except SpotifyUnavailable:
            self.is_slow = True
            raise
        self.is_slow = False
        return result


class LatestTaskQueue:
    """Background tasks: one at a time for a user, and only the user's latest.

    A task that a newer one of the same user overtakes is dropped, and so is one that
    has waited longer than MAX_AGE.
    """

    def __init__(self, act: Callable[[str, str], None], size: int) -> None:
        self.act = act
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="spotify-focus")
        self.lock = Lock()
        # By user id: the task, and the time of the monotonic clock when it was put.
        self.waiting: dict[str, tuple[str, float]] = {}
        # Users whom a thread works for.
        self.busy: set[str] = set()

    def put(self, user_id: str, task: str) -> None:
        """Queue a task in place of the user's last; drop it if the queue is full."""
        with self.lock:
            is_new = user_id not in self.waiting
            if is_new and len(self.waiting) >= MAX_WAITING:
                log.warning("Too many wait for music: one is left out")
                return
            self.waiting[user_id] = task, monotonic()
            if not is_new or user_id in self.busy:
                return
            self.busy.add(user_id)
        self.threads.submit(with_own_connection, self._work, (user_id,))

    def _work(self, user_id: str) -> None:
        """Run the tasks of a user until none is left."""
        while True:
            with self.lock:
                if user_id not in self.waiting:
                    self.busy.discard(user_id)
                    return
                task, put_at = self.waiting.pop(user_id)
            if monotonic() - put_at < MAX_AGE:
                self._try(user_id, task)

    def _try(self, user_id: str, task: str) -> None:
        try:
            self.act(user_id, task)
        except FAILURES as exc:
            log.info("Music did not follow the focus: %s", type(exc).__name__)
        except Exception:
            # Else the user would stay in `busy`, and no later task would run.
            log.exception("Music did not follow the focus")


def with_own_connection(act: Callable[..., Any], args: tuple) -> Any:
    """Return what `act` returns; then close the thread's database connections."""
    try:
        return act(*args)
    finally:
        connections.close_all()


def executor_size() -> int:
    """Return half of the web threads, so that as many are left for other requests."""
    return max(1, settings.WEB_THREADS // 2)
