"""Where passwords are hashed: one at a time, with a bounded line before it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings

from focusmaster.exceptions import SignInsBusy

T = TypeVar("T")


def yield_to_others() -> None:
    """Give this thread a low priority; only Linux has priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


class HashingQueue:
    """One thread that hashes, and a line of so many requests that wait for it.

    A flood of them takes the memory of one hash, does not slow down other requests, and
    holds no more of the threads that answer those.
    """

    def __init__(self, size: int) -> None:
        self.line = threading.Semaphore(size)
        self.thread = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="argon2", initializer=yield_to_others
        )

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what the function returns when its turn comes.

        Raises SignInsBusy, at once, if the line is full.
        """
        if not self.line.acquire(blocking=False):
            raise SignInsBusy
        try:
            return self.thread.submit(function, *arguments).result()
        finally:
            self.line.release()


HASHING = HashingQueue(size=settings.WEB_THREADS // 2)
