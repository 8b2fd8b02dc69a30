"""How many threads of a worker answer reads at the same time: one, if it keeps up.

Threads of a process take turns at the interpreter's lock. Handing it over costs as much
as a fifth of a request, and so does a database connection that has gone cold. A thread
that waits for the database on this machine leaves nothing idle, for PostgreSQL works
meanwhile; so a second thread adds nothing but its cost, unless the first is held up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock, Thread, get_ident
from time import monotonic, sleep
from typing import Any

from focusmaster.api.etags import READS

# What a request with a body has one of.
BODY = ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
# Seconds after which a read counts as held up.
QUICK = 0.005
# Seconds without a read after which no thread is kept from waiting for one.
REST = 1
# Seconds between two looks at who is held up.
TICK = 0.005


class ReadLimit:
    """A WSGI application that keeps the reads of another to one thread.

    A thread that has answered a read while another was at one parks, after its answer
    is out. One wakes when the other is held up: at once for all that is no read or is
    answered in parts, and after `quick` seconds for a read. There is always a thread
    that waits for requests, or will soon, unless all are held up.
    """

    def __init__(
        self, application: Callable, *, quick: float = QUICK, rest: float = REST
    ) -> None:
        self.application = application
        self.quick = quick
        self.rest = rest
        # When the reads began that are not held up, by thread.
        self._reads: dict[int, float] = {}
        self._parked: list[Lock] = []
        self._watched = Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable
    ) -> Iterable[bytes]:
        if not self._counts(environ):
            self._wake_one()
            return self.application(environ, start_response)
        thread = get_ident()
        self._reads[thread] = monotonic()
        try:
            body = self.application(environ, start_response)
        finally:
            self._reads.pop(thread, None)
        if not isinstance(body, list):
            self._wake_one()
            return body
        if not self._reads:
            return body
        place = self._place()
        if not self._reads:  # Who was at one may be held up, and had nobody to wake.
            self._wake_one()
        return Parking(body, place)

    def _counts(self, environ: dict[str, Any]) -> bool:
        """Tell whether it is a read whose thread may park.

        HTTP/2 tells the client of an answer's end only when its thread is done with it;
        and only then does the server let go of a body that nobody has read.
        """
        return (
            environ["REQUEST_METHOD"] in READS
            and environ["SERVER_PROTOCOL"] != "HTTP/2"
            and environ.keys().isdisjoint(BODY)
        )

    def _place(self) -> Lock:
        """Return where this thread is about to park; from now on it can be woken."""
        place = Lock()
        place.acquire()
        self._parked.append(place)
        self._have_watched()
        return place

    def _wake_one(self) -> None:
        """Wake the thread that parked last: its connection is the warmest."""
        try:
            self._parked.pop().release()
        except IndexError:
            return

    def _wake_all(self) -> None:
        while self._parked:
            self._wake_one()

    def _have_watched(self) -> None:
        if not self._watched.acquire(blocking=False):
            return
        try:
            Thread(target=self._watch, name="reads", daemon=True).start()
        except RuntimeError:  # The system has no thread for us: nobody parks.
            self._watched.release()
            self._wake_all()

    def _watch(self) -> None:
        """Wake a thread for each that is held up, and all when there is no work."""
        last_read = monotonic()
        while (now := monotonic()) - last_read < self.rest:
            for thread, began in self._reads.copy().items():
                last_read = now
                if now - began > self.quick and self._reads.pop(thread, None):
                    self._wake_one()
            sleep(TICK)
        self._wake_all()
        self._watched.release()
        if self._parked:  # Since the last look.
            self._have_watched()


class Parking:
    """An answer whose thread parks once it is out."""

    def __init__(self, body: list[bytes], place: Lock) -> None:
        self._body = body
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._place.acquire()
