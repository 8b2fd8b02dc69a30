"""Threads like those of the server's worker, and an application that says who answers.

A read of `/wait` ends when the test says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Barrier, Event, Thread, get_ident

import pytest

from focusmaster.tests.processes import PATIENCE_SECONDS, until
from focusmaster.threads import ReadLimit

THREADS = 4
# Longer than any test waits: who is at a read never counts as held up.
NEVER = 10 * PATIENCE_SECONDS


def environ_of(method: str, path: str, **more: str) -> dict[str, str]:
    basic = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    return basic | more


class Worker:
    """Threads that take requests from one queue, as the server's do."""

    def __init__(self, quick: float, rest: float) -> None:
        self.requests: SimpleQueue = SimpleQueue()
        self.answers: SimpleQueue = SimpleQueue()
        self.together = Barrier(THREADS)
        self.waiting, self.go_on = Event(), Event()
        self.application = ReadLimit(self.answer, quick=quick, rest=rest)
        for _ in range(THREADS):
            Thread(target=self.serve, daemon=True).start()

    def answer(self, environ, start_response) -> list[bytes] | Iterator[bytes]:
        path = environ["PATH_INFO"]
        if path == "/together":
            self.together.wait(PATIENCE_SECONDS)
        if path == "/wait":
            self.wait()
        if path == "/failure":
            raise ZeroDivisionError
        if path == "/parts":
            return self.parts()
        return [b"%d" % get_ident()]

    def wait(self) -> None:
        self.waiting.set()
        self.go_on.wait()

    def parts(self) -> Iterator[bytes]:
        self.wait()
        yield b"%d" % get_ident()

    def serve(self) -> None:
        while environ := self.requests.get():
            try:
                body = self.application(environ, None)
            except ZeroDivisionError:
                self.answers.put(b"failure")
                continue
            self.answers.put(b"".join(body))
            if hasattr(body, "close"):
                body.close()

    def send(self, method: str, path: str, **more: str) -> None:
        self.requests.put(environ_of(method, path, **more))

    def get(self) -> bytes:
        """Return who answered a read; raise Empty if nobody did."""
        self.send("GET", "/")
        return self.answers.get(timeout=PATIENCE_SECONDS)

    def crowd(self, method: str = "GET", **more: str) -> set[bytes]:
        """Have all threads at once answer one request each; return who did."""
        for _ in range(THREADS):
            self.send(method, "/together", **more)
        return {self.answers.get(timeout=PATIENCE_SECONDS) for _ in range(THREADS)}


@pytest.fixture
def start():
    workers = []

    def start(quick: float = NEVER, rest: float = NEVER) -> Worker:
        workers.append(Worker(quick, rest))
        return workers[-1]

    yield start
    for worker in workers:
        worker.go_on.set()
        worker.application.rest = 0  # Lets who is parked go, too.
        for _ in range(THREADS):
            worker.requests.put(None)


def test_most_threads_park_after_reads_at_the_same_time(start):
    worker = start()
    assert len(worker.crowd()) == THREADS

    # More than one where some of them ended in the same moment.
    assert len({worker.get() for _ in range(50)}) < THREADS


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/wait"), ("DELETE", "/wait"), ("GET", "/parts")]
)
def test_who_is_at_something_else_than_a_read_lets_another_read(start, method, path):
    worker = start()
    worker.crowd()

    for _ in range(THREADS - 1):
        worker.waiting.clear()
        worker.send(method, path)
        assert worker.waiting.wait(PATIENCE_SECONDS)
        worker.get()


def test_who_is_held_up_at_a_read_lets_another_read(start):
    worker = start(quick=0.01)
    worker.crowd()

    for _ in range(THREADS - 1):
        worker.waiting.clear()
        worker.send("GET", "/wait")
        assert worker.waiting.wait(PATIENCE_SECONDS)
        worker.get()


def test_all_threads_are_there_again_after_a_rest(start):
    worker = start(rest=0.01)
    worker.crowd()
    until(lambda: not worker.application._parked)

    assert len(worker.crowd()) == THREADS


def test_failure_of_the_application_leaves_its_thread_free(start):
    worker = start()
    worker.send("GET", "/failure")
    assert worker.answers.get(timeout=PATIENCE_SECONDS) == b"failure"

    body = worker.application(environ_of("GET", "/"), None)

    assert isinstance(body, list)


def test_nobody_parks_where_nobody_can_watch(start, monkeypatch):
    worker = start()
    assert len(worker.crowd("POST")) == THREADS  # All of them run by now.

    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)

    for _ in range(3):
        assert len(worker.crowd()) == THREADS


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("POST", {}),
        ("GET", {"SERVER_PROTOCOL": "HTTP/2"}),
        ("GET", {"CONTENT_LENGTH": "2"}),
        ("GET", {"HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
def test_what_may_not_park_keeps_all_threads(start, method, more):
    worker = start()
    worker.crowd(method, **more)

    assert len(worker.crowd(method, **more)) == THREADS
    assert not worker.application._parked
