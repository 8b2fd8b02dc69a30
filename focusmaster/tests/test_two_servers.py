"""Two servers behind a real nginx, as docs/nginx.conf has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

import pytest

from focusmaster.tests.nginx import NGINX, Nginx
from focusmaster.tests.processes import Service

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="needs nginx")

BAD_TOKEN = {"Authorization": "Bearer nobody", "Content-Type": "application/json"}
KB = 1000


def send(port: int, method: str, path: str, body: bytes = b"") -> int | str:
    """Return the status of a response, or what went wrong."""
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request(method, path, body or None, BAD_TOKEN if body else {})
        response = client.getresponse()
        response.read()
        return response.status
    except (OSError, HTTPException) as exc:
        return repr(exc)
    finally:
        client.close()


@contextmanager
def others(port: int, path: str) -> Iterator[Counter[int | str]]:
    """Have four others ask all the while; yield what they are answered."""
    found: Counter[int | str] = Counter()
    stop = Event()

    def ask() -> list[int | str]:
        answered = []
        while not stop.is_set():
            answered.append(send(port, "GET", path))
        return answered

    with ThreadPoolExecutor(4) as people:
        asking = [people.submit(ask) for _ in range(4)]
        try:
            yield found
        finally:
            stop.set()
        for one in asking:
            found.update(one.result())


@pytest.fixture
def services(migrated_dir: Path) -> Iterator[list[Service]]:
    with (
        Service(migrated_dir, "--workers", "1") as first,
        Service(migrated_dir, "--workers", "1") as second,
    ):
        yield [first, second]


def test_refused_bodies_keep_nobody_else_out(services, tmp_path):
    ports = [service.port for service in services]
    with Nginx(tmp_path, *ports) as nginx, others(nginx.port, "/api/health") as found:
        body = b"x" * 60 * KB
        refused = {send(nginx.port, "POST", "/api/tasks", body) for _ in range(60)}

    # Guessed tokens are limited.
    assert refused <= {401, 429}
    assert set(found) == {200}


def test_servers_that_restart_one_after_the_other_fail_nobody(services, tmp_path):
    ports = [service.port for service in services]
    with (
        Nginx(tmp_path, *ports) as nginx,
        ExitStack() as started,
        others(nginx.port, "/api/health") as found,
    ):
        for service in services:
            assert service.stop()[0] == 0
            started.enter_context(restarted(service))

    assert set(found) == {200}


def restarted(service: Service) -> Service:
    """Start another service in place of one that has stopped."""
    port = str(service.port)
    again = Service(service.state_dir, "--workers", "1", "--port", port)
    again.port = service.port
    return again
