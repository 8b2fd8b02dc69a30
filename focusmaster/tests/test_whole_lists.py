"""Lists of years, whole and by pages: complete, and in bounded memory."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http.client import HTTPResponse
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from focusmaster.api.responses import MAX_IN_ONE_PIECE
from focusmaster.postgresql.embedded import PORT, ROLE, EmbeddedServer
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.history import add_sessions
from focusmaster.tests.paging import next_url
from focusmaster.tests.processes import (
    PATIENCE_SECONDS,
    Service,
    children,
    copy_state,
    until,
)
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
MANY = MAX_IN_ONE_PIECE + 1
YEARS = 100_000
JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}


# A list longer than is made in one piece


def ids_in(text: bytes) -> list[str]:
    return [row["_id"] for row in json.loads(text)]


def newest_first() -> list[str]:
    rows = PomodoroSession.objects.order_by("-started_at", "-id")
    return list(rows.values_list("pk", flat=True))


@pytest.mark.parametrize("count", [MANY - 1, MANY, 2 * MANY])
def test_list_of_any_length_is_whole_and_in_order(api, alice, count):
    add_sessions(alice.pk, count)

    response = api.get(SESSIONS)

    text = response.getvalue()
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Content-Length"] == str(len(text))
    assert ids_in(text) == newest_first()


def test_long_list_has_the_objects_of_a_short_one(api, alice):
    add_sessions(alice.pk, 2 * MANY)

    long = json.loads(api.get(SESSIONS).getvalue())
    short = api.get(f"{SESSIONS}?limit=1000").json()

    assert long[:1000] == short


def test_long_list_is_the_callers_and_filtered(api, alice, bob):
    add_sessions(alice.pk, 2 * MANY)
    add_sessions(bob.pk, MANY, first=3 * MANY)
    PomodoroSession.objects.filter(pk=newest_first()[0]).update(type="longBreak")

    text = api.get(f"{SESSIONS}?type=shortBreak").getvalue()

    assert len(json.loads(text)) == 2 * MANY - 1
    assert {row["user"] for row in json.loads(text)} == {alice.pk}


def test_long_list_has_the_tag_of_its_text(api, alice):
    add_sessions(alice.pk, MANY)

    response = api.get(SESSIONS)

    digest = sha256(response.getvalue()).hexdigest()[:32]
    assert response["ETag"] == f'"{digest}"'


def test_long_list_that_the_client_has_is_not_sent_again(api, alice):
    add_sessions(alice.pk, MANY)
    before = api.get(SESSIONS)
    tag, _ = before["ETag"], before.getvalue()

    same = api.get(SESSIONS, HTTP_IF_NONE_MATCH=tag)
    PomodoroSession.objects.filter(pk=newest_first()[-1]).update(mood="happy")
    changed = api.get(SESSIONS, HTTP_IF_NONE_MATCH=tag)

    assert (same.status_code, same.content) == (304, b"")
    assert same["ETag"] == tag
    assert changed.status_code == 200
    assert json.loads(changed.getvalue())[-1]["mood"] == "happy"


@pytest.mark.parametrize("count", [0, MANY - 1])
def test_list_in_one_piece_costs_one_query_beside_the_token(
    api, alice, django_assert_num_queries, count
):
    add_sessions(alice.pk, count)

    with django_assert_num_queries(2):
        response = api.get(SESSIONS)

    assert not response.streaming


def while_reading(act: Callable[[], object]) -> AbstractContextManager:
    """Do something, from elsewhere, once the reading of a long list has begun."""

    def note(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "pomodoro_pomodorosession" in sql and "LIMIT" not in sql:
            run_concurrently(act)
        return result

    return connection.execute_wrapper(note)


@pytest.mark.django_db(transaction=True)
def test_long_list_is_of_one_moment(api, alice):
    add_sessions(alice.pk, 2 * MANY)
    oldest = PomodoroSession.objects.filter(pk__in=newest_first()[-500:])

    with while_reading(oldest.delete):
        text = api.get(SESSIONS).getvalue()

    assert len(json.loads(text)) == 2 * MANY
    assert PomodoroSession.objects.count() == 2 * MANY - 500


@pytest.mark.django_db(transaction=True)
def test_long_list_is_never_cut_short_when_the_database_goes(api, alice):
    add_sessions(alice.pk, 2 * MANY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with while_reading(end):
        response = api.get(SESSIONS)
    again = api.get(SESSIONS)

    assert response.status_code == 503
    assert response.json()["code"] == "database_unavailable"
    assert len(json.loads(again.getvalue())) == 2 * MANY


# A history of years, from a real worker


@dataclass
class Years:
    """A service with one worker, and in it a person with a long history."""

    service: Service
    session: psycopg.Connection
    user_id: str
    token: str

    def get(self, path: str, **headers: str) -> HTTPResponse:
        url = path
        if path.startswith("/"):
            url = f"http://127.0.0.1:{self.service.port}{path}"
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        return urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=PATIENCE_SECONDS
        )

    def ids(self) -> set[str]:
        query = "SELECT encode(id, 'hex') FROM pomodoro_pomodorosession"
        return {id for (id,) in self.session.execute(query)}

    def worker(self) -> Path:
        (pid,) = children(self.service.process.pid)
        return Path("/proc", str(pid))


@pytest.fixture(scope="module")
def years(prepared_state) -> Iterator[Years]:
    folder = Path(tempfile.mkdtemp(dir=prepared_state.parent, prefix="s"))
    copy_state(prepared_state, folder)
    server = EmbeddedServer(folder / "postgresql")
    place = {"host": str(server.socket_dir), "port": PORT, "user": ROLE}
    with (
        Service(folder, "--workers", "1", RATE_LIMIT_USER="off") as service,
        psycopg.connect(**place, dbname="focusmaster", autocommit=True) as session,
    ):
        status, answer = service.send("POST", "/api/auth/register", JOHN)
        assert status == 201
        john = json.loads(answer)
        add_sessions(john["_id"], YEARS, session=session)
        session.execute("ANALYZE")
        yield Years(service, session, john["_id"], john["token"])


def kilobytes(worker: Path, what: str) -> int:
    (line,) = [
        line
        for line in (worker / "status").read_text().splitlines()
        if line.startswith(what)
    ]
    return int(line.split()[1])


def open_files(worker: Path) -> set[str]:
    found = set()
    for descriptor in (worker / "fd").iterdir():
        with suppress(OSError):
            target = os.readlink(descriptor)
            if target.endswith("(deleted)"):
                found.add(target)
    return found


def test_whole_list_of_years_takes_little_memory(years):
    years.get(f"{SESSIONS}?limit=1").read()
    worker = years.worker()
    (worker / "clear_refs").write_text("5")  # The peak is counted from now on.
    before = kilobytes(worker, "VmRSS")

    response = years.get(SESSIONS)
    text = b"".join(iter(partial(response.read, 2**20), b""))
    peak = kilobytes(worker, "VmHWM")

    assert len(json.loads(text)) == len(years.ids())
    assert len(text) > 25 * 2**20
    assert peak - before < 15 * 1024
    with pytest.raises(urllib.error.HTTPError, match="304"):
        years.get(SESSIONS, **{"If-None-Match": response.headers["ETag"]})


def test_client_that_goes_away_leaves_nothing_behind(years):
    worker = years.worker()
    files = open_files(worker)

    for _ in range(3):
        with socket.create_connection(("127.0.0.1", years.service.port)) as client:
            client.sendall(
                f"GET {SESSIONS} HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {years.token}\r\n\r\n".encode()
            )
            assert client.recv(100).startswith(b"HTTP/1.1 200")

    until(lambda: open_files(worker) == files)
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    assert years.session.execute(idle).fetchone()[0] == 0
    assert len(json.load(years.get(f"{SESSIONS}?limit=5"))) == 5
    assert years.worker() == worker


def test_pages_of_years_have_each_old_row_once_while_new_ones_come(years):
    old, found, url = years.ids(), [], f"{SESSIONS}?limit=1000"

    with ThreadPoolExecutor(1) as threads:
        adding = threads.submit(add_scattered, years, 1000)
        while url:
            response = years.get(url)
            found += [row["_id"] for row in json.load(response)]
            url = next_url(response)
        added = adding.result()

    counts = Counter(found)
    assert (len(old), added) == (YEARS, 1000)
    assert set(counts.values()) == {1}
    assert old <= counts.keys()


def add_scattered(years: Years, count: int) -> int:
    """Insert sessions all over the history, one transaction each; return how many."""
    for n in range(count):
        # Many begin at the very moment of one that is there.
        number = YEARS + 1 + n
        years.session.execute(
            "INSERT INTO pomodoro_pomodorosession (id, user_id, type, started_at, "
            "duration, completed, created_at, updated_at) "
            "SELECT decode(%s, 'hex'), user_id, type, started_at, 60, true, now(), "
            "now() FROM pomodoro_pomodorosession WHERE id = decode(%s, 'hex')",
            [f"{number:024x}", f"{(n * 7919) % YEARS + 1:024x}"],
        )
    return count
