"""The WSGI application over RSGI, granian's own interface: for use behind proxies.

Granian makes one WSGI variable of `X-Forwarded-For` and `X_Forwarded_For`, so a client
whose proxy passes the latter on could choose its own address. RSGI tells the names as
they were sent, and those with an underscore are dropped here. It costs 0.1 ms of CPU a
request more (0.61 to 0.71 ms for `me`), so it is used only where PROXY_COUNT or
TRUST_FORWARDED_PROTO has us believe such headers.

https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.conf import settings
from granian.rsgi import ProtocolClosed

from focusmaster.api.admission import Streamed
from focusmaster.api.middleware import DRAIN_BYTES, DRAIN_SECONDS

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from granian.rsgi import HTTPProtocol, Scope

# Headers that WSGI names without HTTP_.
BARE = ("CONTENT_TYPE", "CONTENT_LENGTH")


class RSGIApplication:
    """Runs a WSGI application on so many threads; bodies are read before."""

    def __init__(self, application: WSGIApplication, threads: int) -> None:
        self.application = application
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        environ = environ_of(scope)
        body = await read_body(environ, protocol)
        environ["wsgi.input"] = BytesIO(body)
        # Where it came in chunks, or over HTTP/2, nobody has said it yet.
        if body or environ.pop("HTTP_TRANSFER_ENCODING", None):
            environ.setdefault("CONTENT_LENGTH", str(len(body)))
        status, headers, response = await self._in_thread(self._respond, environ)
        if isinstance(response, bytes):
            protocol.response_bytes(status, headers, response)
        else:
            await self._send(response, protocol.response_stream(status, headers))

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, function, *arguments)

    def _respond(
        self, environ: WSGIEnvironment
    ) -> tuple[int, list[tuple[str, str]], bytes | Streamed]:
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            begun[:] = int(status.split(" ", 1)[0]), headers

        response: Any = self.application(environ, start_response)  # type: ignore[arg-type]
        if not isinstance(response, Streamed):
            body = b"".join(response)
            if close := getattr(response, "close", None):
                close()
            response = body
        return begun[0], begun[1], response

    async def _send(self, response: Streamed, stream: Any) -> None:
        parts = iter(response)
        try:
            # A client that has left wants no more of it.
            with suppress(ProtocolClosed):
                while (part := await self._in_thread(next, parts, None)) is not None:
                    await stream.send_bytes(part)
        finally:
            await self._in_thread(response.close)


def environ_of(scope: Scope) -> WSGIEnvironment:
    """Return the WSGI environment of a request, as granian makes it (PEP 3333)."""
    address, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI wants bytes, each as a character.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": address.strip("[]"),
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in BARE else f"HTTP_{key}"
        if key not in environ or key == "HTTP_HOST":
            environ[key] = value
        else:
            separator = "; " if key == "HTTP_COOKIE" else ","
            environ[key] += separator + value
    return environ


async def read_body(environ: WSGIEnvironment, protocol: HTTPProtocol) -> bytes:
    """Return the body, or so much of it as shows that it is too large.

    The rest is dropped, in bounded time, as `read_rest` does.
    """
    length = environ.get("CONTENT_LENGTH", "")
    is_large = length.isdecimal() and int(length) > settings.MAX_BODY_BYTES
    # A client that waits for leave to send it shall not.
    if is_large and "HTTP_EXPECT" in environ:
        return b""
    body, read, give_up_at = bytearray(), 0, None
    async for part in protocol:
        body += part[: settings.MAX_BODY_BYTES + 1 - len(body)]
        read += len(part)
        if len(body) > settings.MAX_BODY_BYTES:
            give_up_at = give_up_at or monotonic() + DRAIN_SECONDS
            if read > DRAIN_BYTES or monotonic() > give_up_at:
                break
    return bytes(body)
