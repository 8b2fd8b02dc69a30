"""Threads for calls to Spotify, so that its silence holds nothing else up.

A request waits for such a call no longer than its deadline, whatever the network does;
and no more than a few requests of a process wait at all.
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

# Seconds that a request waits for a free thread, while Spotify answers.
PATIENCE = 1
# Seconds after which what should happen at once need not happen any more.
LATEST = 10
# People whose music is to be changed, in one process.
MAX_WAITING = 1000


class BoundedExecutor:
    """A few threads for calls that someone waits for.

    When they are all taken by calls that Spotify leaves without an answer, further ones
    are refused at once rather than queued behind them.
    """

    def __init__(self, size: int) -> None:
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="spotify")
        self.free = BoundedSemaphore(size)
        self.is_slow = False

    def run(self, act: Callable[..., Any], *args: Any, deadline: float) -> Any:
        """Return what `act` returns; SpotifyUnavailable if that takes too long."""
        patience = 0 if self.is_slow else min(PATIENCE, deadline - monotonic())
        if not self.free.acquire(timeout=max(0, patience)):
            self.is_slow = True
            raise SpotifyUnavailable("all threads wait for it")
        future = self.threads.submit(with_own_connection, act, args)
        future.add_done_callback(lambda _: self.free.release())
        try:
            found = future.result(timeout=max(0, deadline - monotonic()))
        except TimeoutError:
            self.is_slow = True
            future.cancel()  # What has not begun must not happen later.
            raise SpotifyUnavailable("too slow") from None
        except SpotifyUnavailable:
            self.is_slow = True
            raise
        self.is_slow = False
        return found


class LatestTaskQueue:
    """Acts for people in the background: one at a time for each, and only the latest.

    What is overtaken by something newer does not happen, nor what comes too late.
    """

    def __init__(self, act: Callable[[str, str], None], size: int) -> None:
        self.act = act
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="spotify-focus")
        self.lock = Lock()
        # By user: what to do, and when that was asked. Who is not in `waiting` but in
        # `busy` has a thread at work.
        self.waiting: dict[str, tuple[str, float]] = {}
        self.busy: set[str] = set()

    def put(self, user_id: str, what: str) -> None:
        with self.lock:
            is_new = user_id not in self.waiting
            if is_new and len(self.waiting) >= MAX_WAITING:
                log.warning("Too many wait for music: one is left out")
                return
            self.waiting[user_id] = what, monotonic()
            if not is_new or user_id in self.busy:
                return
            self.busy.add(user_id)
        self.threads.submit(with_own_connection, self._work, (user_id,))

    def _work(self, user_id: str) -> None:
        """Do what is to be done for a person until nothing is left."""
        while True:
            with self.lock:
                if user_id not in self.waiting:
                    self.busy.discard(user_id)
                    return
                what, asked_at = self.waiting.pop(user_id)
            if monotonic() - asked_at < LATEST:
                self._try(user_id, what)

    def _try(self, user_id: str, what: str) -> None:
        try:
            self.act(user_id, what)
        except FAILURES as exc:
            log.info("Music did not follow the focus: %s", type(exc).__name__)
        except Exception:
            # The thread must survive, or this person's music would never change again.
            log.exception("Music did not follow the focus")


def with_own_connection(act: Callable[..., Any], args: tuple) -> Any:
    """Call `act` in this thread, which keeps no connection to the database."""
    try:
        return act(*args)
    finally:
        connections.close_all()


def executor_size() -> int:
    """Leave at least half of the threads that answer requests to others."""
    return max(1, settings.WEB_THREADS // 2)
