"""What strangers send does not stay in the memory of a worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from accounts.tokens import MAX_TOKEN, checked_claims
from focusmaster.tests.people import client_of, token_of
from focusmaster.tests.processes import Service, children

ME = "/api/auth/me"
MIB = 2**20
# Fills the buffers and threads that a worker keeps.
WARM_UP = 12
BODIES = 40
MOST_GROWTH = 20  # MiB
UNLIMITED = {"RATE_LIMIT_GUEST": "1000000/h", "WEB_THREADS": "2"}
# One field of each is almost as long as a body may be.
FORMS = {
    "/api/auth/login": {"email": "{long}", "password": "tea for two 2"},
    "/api/auth/login?": {"email": "a@example.com", "password": "{long}"},
    "/api/auth/register": {"name": "{long}", "email": "{long}", "password": "tea 22 a"},
    "/api/auth/guest": {"guestId": "{long}"},
    "/api/auth/google": {"credential": "{long}"},
    "/api/auth/password/forgot": {"email": "{long}"},
    "/api/auth/password/reset": {"token": "{long}", "password": "tea for two 2"},
    "/api/feedback": {"message": "{long}"},
    "/api/gdpr/log-consent": {"preferences": {"essential": "{long}"}},
    "/api/nothing": {"x": "{long}"},
}


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("There is no such line.")


def filled(form: object, long: str) -> object:
    if isinstance(form, dict):
        return {name: filled(value, long) for name, value in form.items()}
    return long if form == "{long}" else form


def send(service: Service, path: str, bodies: int) -> None:
    """Send the form of a path that often, each time with other texts."""
    form = FORMS[path]
    parts = sum(value == "{long}" for value in form.values()) or 1
    for number in range(bodies):
        mark = f"{path}-{bodies}-{number}-"
        long = mark + "x" * ((MIB - 300) // parts - len(mark))
        service.send("POST", path, filled(form, long), **{"Idempotency-Key": mark})


def sign_in_as_staff(service: Service, bodies: int) -> None:
    """Send the form of staff's pages, as a browser with its cookie does."""
    for number in range(bodies):
        client = HTTPConnection("127.0.0.1", service.port, timeout=40)
        secret = "c" * 32
        form = {
            "csrfmiddlewaretoken": secret,
            "username": f"{number}" + "x" * (MIB - 1000),
            "password": "tea for two 2",
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={secret}",
            "Origin": f"http://127.0.0.1:{service.port}",
        }
        client.request("POST", "/admin/login/", urlencode(form), headers)
        assert client.getresponse().status < 500
        client.close()


def growth(worker: int, act: Callable[..., None]) -> float:
    """Return by how many MiB the worker has grown after 40 bodies."""
    before = resident(worker)
    act(bodies=BODIES)
    return (resident(worker) - before) / MIB


def test_bodies_of_a_mebibyte_leave_nothing_behind(migrated_dir):
    """Of 40 bodies that were kept, a worker would grow by 40 MiB at least."""
    with Service(migrated_dir, "--workers", "1", **UNLIMITED) as service:
        worker = next(
            pid
            for pid in children(service.process.pid)
            if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        acts = [
            *(partial(send, service, path) for path in FORMS),
            partial(sign_in_as_staff, service),
        ]
        for act in acts:
            act(bodies=WARM_UP)
        for act in acts:
            # What is freed is given back in pieces: only a form that is kept makes the
            # worker grow each time.
            assert any(growth(worker, act) < MOST_GROWTH for _ in range(3)), act


@pytest.mark.parametrize("junk", ["!", "~", "*" * 100])
def test_long_spellings_of_a_valid_token_are_not_kept(alice, junk):
    token = str(token_of(alice))
    known = checked_claims.cache_info().currsize

    for number in range(1, 40):
        long = token + junk * (MAX_TOKEN + number)
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {long}")
        assert client.get(ME).status_code == 401

    assert checked_claims.cache_info().currsize == known
    assert client_of(alice).get(ME).status_code == 200
