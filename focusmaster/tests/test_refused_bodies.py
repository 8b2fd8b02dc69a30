"""Refusals of requests with bodies, over sockets to the real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from focusmaster.tests.processes import Service

BAD_TOKEN = {"Authorization": "Bearer nobody", "Content-Type": "application/json"}
KB = 1000


@pytest.fixture(scope="module", params=["0", "1"], ids=["alone", "behind a proxy"])
def service(shared_dir: Path, request) -> Iterator[Service]:
    variables = {"PROXY_COUNT": request.param, "RATE_LIMIT_GUEST": "off"}
    with Service(shared_dir, "--workers", "1", **variables) as service:
        yield service


@pytest.fixture
def alone(migrated_dir: Path) -> Iterator[Service]:
    """Without a proxy, which would ask for the body itself."""
    with Service(migrated_dir, "--workers", "1") as service:
        yield service


def head(length: int, *lines: str) -> bytes:
    start = ["POST /api/tasks HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}"]
    return "\r\n".join([*start, *lines, "\r\n"]).encode()


def test_refusals_leave_kept_connections_as_they_are(service):
    for size in (60 * KB, 300 * KB, 1500 * KB):
        client = HTTPConnection("127.0.0.1", service.port, timeout=20)
        with closing(client):
            client.connect()
            kept = client.sock
            for _ in range(20):
                client.request("POST", "/api/tasks", b"x" * size, BAD_TOKEN)
                refused = client.getresponse()
                refused.read()
                client.request("GET", "/api/health")
                good = client.getresponse()
                good.read()
                # Guessed tokens are limited, and 1.5 MB too large.
                assert refused.status in (401, 413, 429)
                assert good.status == 200
            assert client.sock is kept


@pytest.mark.parametrize("size", [1100 * KB, 1500 * KB, 5000 * KB])
def test_large_bodies_get_their_413(service, size):
    statuses = {
        service.send("POST", "/api/auth/login", {"email": "x" * size})[0]
        for _ in range(10)
    }

    assert statuses == {413}


def test_chunks_that_are_too_large_get_their_413(service):
    for _ in range(20):
        client = HTTPConnection("127.0.0.1", service.port, timeout=20)
        with closing(client):
            chunks = (b"x" * 50 * KB for _ in range(60))
            headers = {"Content-Type": "application/json"}
            client.request("POST", "/api/auth/login", chunks, headers)
            refused = client.getresponse()
            refused.read()
            client.request("GET", "/api/health")
            assert (refused.status, client.getresponse().status) == (413, 200)


def test_clients_that_wait_for_leave_to_send_are_refused_at_once(alone):
    with socket.create_connection(("127.0.0.1", alone.port), timeout=5) as client:
        client.sendall(head(300 * KB, "Expect: 100-continue"))
        # There is no Content-Type.
        assert client.recv(4096).startswith(b"HTTP/1.1 415")


def test_endless_bodies_are_not_read_to_their_end(service):
    sent = 0
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=20) as client,
        suppress(ConnectionError),
    ):
        client.sendall(head(10**8))
        while sent < 10**8:
            sent += client.send(b"x" * 100 * KB)

    assert 10 * 2**20 < sent < 30 * 2**20
    assert service.get("/api/health") == "ok"
