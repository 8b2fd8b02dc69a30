"""Requests that the server refuses before the API sees them, over its sockets.

The README and the OpenAPI document say what they get: a status without a body.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from focusmaster.tests.processes import Service

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /api/health HTTP/1.1\r\n" + HOST
POST = (
    b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
)
KB = 1000

MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
    b"GET /api/health\r\n\r\n",
    b"GET /api/health HTTP/9.9\r\n" + HOST + b"\r\n",
    b"GET api/health HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/he alth HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/he\x01alth HTTP/1.1\r\n" + HOST + b"\r\n",
    b"G@T /api/health HTTP/1.1\r\n" + HOST + b"\r\n",
    GET + b"B@d[]: x\r\n\r\n",
    GET + b"X-Device : x\r\n\r\n",
    GET + b"X-Device: a\x00b\r\n\r\n",
    GET + b"nonsense\r\n\r\n",
    GET + b"X-Device: a\r\n b\r\n\r\n",
    POST + b"Content-Length: x\r\n\r\n{}",
    POST + b"Content-Length: -1\r\n\r\n{}",
    POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
]
# Odd, but requests; each gets an error of the API.
REFUSED_BY_THE_API = [
    (b"GET /api/health HTTP/1.1\r\n\r\n", 400),
    (GET + HOST + b"\r\n", 400),
    (b"TRACE /api/health HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    (b"GET /api/%zz HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    ("GET /api/hé HTTP/1.1\r\n".encode() + HOST + b"\r\n", 404),
    (b"GET /api/auth/me HTTP/1.1\r\n" + HOST + b"Cookie: jwt=\xff\xfe\r\n\r\n", 401),
    (GET.replace(b"health", b"auth/me") + b"Authorization: Bearer \xff\r\n\r\n", 401),
    (POST.replace(b"application", b"\xff") + b"Content-Length: 2\r\n\r\n{}", 415),
    (POST + b"Content-Length: 2\r\nIdempotency-Key: \xff\r\n\r\n{}", 400),
]


@pytest.fixture(scope="module")
def service(shared_dir: Path) -> Iterator[Service]:
    with Service(shared_dir, "--workers", "1") as service:
        yield service


def answer(service: Service, request: bytes) -> tuple[int, bytes, bytes]:
    """Return status, headers and body of what a request gets, until it is whole."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
        with suppress(ConnectionError):  # Some are refused before they are sent whole.
            client.sendall(request)
        received = b""
        while (more := client.recv(65_536)) and not is_whole(
            received := received + more
        ):
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


def is_whole(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(length) and len(body) >= int(length[1])


def address(length: int) -> bytes:
    """Return a request for an address of so many bytes; a query is never logged."""
    target = b"/api/nowhere?".ljust(length, b"x")
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def headers(count: int) -> bytes:
    """Return a request with so many, Host among them."""
    return GET + b"".join(b"X-%d: x\r\n" % n for n in range(count - 1)) + b"\r\n"


def test_what_is_no_request_is_400_without_a_body_and_the_last_one(service):
    for request in MALFORMED:
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as one:
            one.sendall(request)
            received = one.makefile("rb").read()  # Until the server closes.
        assert received.startswith(b"HTTP/1.1 400 "), request
        assert received.endswith(b"\r\n\r\n"), request
    assert service.get("/api/health") == "ok"


def test_what_is_too_long_is_refused_without_a_body(service):
    found = {
        length: answer(service, address(length))[::2]
        for length in (65_534, 65_535, 300 * KB)
    }
    assert found[65_534][0] == 404
    assert found[65_535] == found[300 * KB] == (414, b"")

    assert answer(service, headers(100))[0] == 200
    assert answer(service, headers(101))[::2] == (431, b"")
    long_ones = {
        size: answer(service, GET + b"X-Note: " + b"x" * size + b"\r\n\r\n")[::2]
        for size in (300 * KB, 1000 * KB)
    }
    assert long_ones[300 * KB][0] == 200
    assert long_ones[1000 * KB] == (431, b"")


def test_odd_requests_get_errors_in_the_one_shape(service):
    for request, status in REFUSED_BY_THE_API:
        found, head, body = answer(service, request)
        assert found == status, request
        error = json.loads(body)
        assert error.keys() - {"errors"} == {"message", "code", "requestId"}, request
        assert f"x-request-id: {error['requestId']}".encode() in head, request
