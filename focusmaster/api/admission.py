"""Which requests are let in, so that slow ones leave threads for the others.

A worker has `WEB_THREADS` threads. What holds one cannot be interrupted: a password
waits to be hashed, a database that hangs says nothing. So they are counted before they
enter Django: a 503 costs 40 microseconds before it, and 220 within, where 200
connections that sign in without a pause left `me` a fifteenth of its speed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from threading import Condition, Lock, Semaphore
from time import monotonic
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, StreamingHttpResponse

from focusmaster.api.errors import BUSY_RETRY_AFTER
from focusmaster.api.middleware import read_rest, request_id
from focusmaster.exceptions import ServerBusy, SignInsBusy

log = logging.getLogger("focusmaster.api")

# They tell how the process is, whatever the others wait for, and do not wait long.
ALWAYS_ADMITTED = frozenset(
    path + end for path in ("/api/health", "/api/health/ready") for end in ("", "/")
)
# Who calls these need not have signed in, and each hashes a password.
SIGN_INS = frozenset(
    path + end
    for path in ("/api/auth/login", "/api/auth/register", "/api/auth/password/reset")
    for end in ("", "/")
)
# Where all threads but one wait and nothing ends for so long, something hangs. Spotify
# often takes more than a second.
STUCK_SECONDS = 2
# A flood is logged so often.
LOG_SECONDS = 10


class Places:
    """How many requests may be under way at once.

    One more waits while others come to their end. Once nobody has for STUCK_SECONDS, it
    is refused, and so is all that comes until somebody leaves.
    """

    def __init__(self, number: int) -> None:
        self.free = number
        self.moved_at = monotonic()
        self.condition = Condition()

    def take(self) -> None:
        """Take a place; raises ServerBusy."""
        with self.condition:
            while not self.free:
                patience = self.moved_at + STUCK_SECONDS - monotonic()
                if patience <= 0:
                    raise ServerBusy
                self.condition.wait(patience)
            self.free -= 1
            self.moved_at = monotonic()

    def leave(self) -> None:
        with self.condition:
            self.free += 1
            self.moved_at = monotonic()
            self.condition.notify()


class Streamed:
    """The body of a response whose request leaves its place when it is sent."""

    def __init__(self, body: StreamingHttpResponse, leave: Callable[[], None]) -> None:
        self.body = body
        self.leave = leave

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        try:
            self.body.close()
        finally:
            self.leave()


def with_places(application: WSGIApplication, number: int) -> WSGIApplication:
    """Let so many requests in at once; one thread more answers `/api/health`."""
    places = Places(number)

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] in ALWAYS_ADMITTED:
            return application(environ, start_response)
        try:
            places.take()
        except ServerBusy as exc:
            return refuse(exc, environ, start_response)
        try:
            response = application(environ, start_response)
        except BaseException:
            places.leave()
            raise
        if isinstance(response, StreamingHttpResponse):
            return Streamed(response, places.leave)
        places.leave()
        return response

    return call


def is_sign_in(environ: WSGIEnvironment) -> bool:
    return environ["PATH_INFO"] in SIGN_INS and environ["REQUEST_METHOD"] == "POST"


def with_bounded_sign_ins(application: WSGIApplication, size: int) -> WSGIApplication:
    """Let so many sign-ins wait for their turn, and refuse one more at once."""
    line = Semaphore(size)

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not is_sign_in(environ):
            return application(environ, start_response)
        if not line.acquire(blocking=False):
            return refuse(SignInsBusy(), environ, start_response)
        try:
            return application(environ, start_response)
        finally:
            line.release()

    return call


def with_sign_ins_in_turn(application: WSGIApplication) -> WSGIApplication:
    """Serve one sign-in after the other: one hash is computed at a time anyway.

    The others get the rest of the time even where most are refused by a limit, which
    takes no hash. A body that comes slowly is waited for before.
    """
    turn = Lock()

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not is_sign_in(environ):
            return application(environ, start_response)
        body = environ["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
        environ["wsgi.input"] = BytesIO(body)
        with turn:
            return application(environ, start_response)

    return call


def refuse(
    error: ServerBusy, environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    """Respond with 503, as a view would, but for limits and a log line of its own."""
    if "HTTP_EXPECT" not in environ:
        read_rest(environ["wsgi.input"])
    busy_log.note()
    given_id = request_id(environ)
    body = orjson.dumps(
        {"message": error.message, "code": error.code, "requestId": given_id}
    )
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Retry-After": str(BUSY_RETRY_AFTER),
        "Cache-Control": "no-store",
        "X-Request-Id": given_id,
        "X-Content-Type-Options": "nosniff",
    }
    if "HTTP_ORIGIN" in environ:
        response, request = HttpResponse(), WSGIRequest(environ)
        CorsMiddleware(lambda request: response).add_response_headers(request, response)
        headers = dict(response.items()) | headers
    start_response("503 Service Unavailable", list(headers.items()))
    # What is a list costs the server less than any other iterable.
    return [body]


class BusyLog:
    """Tells how many requests were too many, but not of each."""

    def __init__(self) -> None:
        self.number = 0
        self.logged_at = -float(LOG_SECONDS)

    def note(self) -> None:
        self.number += 1
        if monotonic() - self.logged_at >= LOG_SECONDS:
            number, self.number, self.logged_at = self.number, 0, monotonic()
            log.warning("Too busy: %s requests were refused with 503", number)


busy_log = BusyLog()
