"""Requests that meet a migration: a table gets another shape beside running workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import sleep

import psycopg
import pytest
from django.db import connection
from rest_framework.response import Response
from rest_framework.test import APIClient

from focusmaster.postgresql.embedded import PORT, ROLE
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.processes import Service
from focusmaster.tests.verbs import Client
from kanban.models import Task
from pomodoro.models import PomodoroSession

# What a column's type is changed to.
CHANGES = [
    ("accounts_user", "name", "text"),
    ("accounts_user", "daily_goal", "bigint"),
    ("accounts_user", "timezone", "text"),
    ("accounts_user", "status", "text"),
    ("accounts_progress", "version", "numeric"),
    ("kanban_task", "priority", "text"),
    ("kanban_task", "completed_pomodoros", "bigint"),
    ("pomodoro_pomodorosession", "mood", "text"),
    ("timeclock_worklog", "notes", "varchar(4000)"),
    ("focusmaster_counter", "count", "bigint"),
]
TYPE = """
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = %s::regclass AND attname = %s
"""
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}
TASK = {"title": "Write", "category": "Books"}


@contextmanager
def changed(table: str, column: str, new: str) -> Iterator[None]:
    """Change the type of a column until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute(TYPE, [table, column])
        [[old]] = cursor.fetchall()

    def change(kind: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ALTER {column} TYPE {kind}")

    run_concurrently(lambda: change(new))
    try:
        yield
    finally:
        run_concurrently(lambda: change(old))


def use(client: APIClient, title: str) -> list[int]:
    """Write in transactions, with and without a key and a condition."""
    task = client.post("/api/tasks", TASK | {"title": title})
    place = f"/api/tasks/{task.json()['_id']}"
    tag = client.get(place)["ETag"]
    responses = [
        task,
        client.post("/api/tasks", TASK, headers={"Idempotency-Key": title}),
        client.put(place, {"status": "done"}, headers={"If-Match": tag}),
        client.post(f"{place}/move", {"status": "todo"}),
        client.post("/api/sessions", BLOCK | {"task": task.json()["_id"]}),
        client.post("/api/clock/start", {}),
        client.post("/api/clock/stop", {"notes": "Long"}),
        client.patch("/api/auth/me", {"settings": {"dailyGoal": 5}}),
        client.get("/api/auth/me"),
        client.delete(place),
    ]
    return [response.status_code for response in responses]


TABLES = sorted({table for table, _, _ in CHANGES})
UNLIMITED = {f"RATE_LIMIT_{kind}": "off" for kind in ("USER", "ADMIN")} | {
    "RATE_LIMIT_GUEST": "1000000/h"
}
DONE = [201, 201, 200, 200, 201, 201, 200, 200, 200, 200]


@pytest.mark.parametrize("change", CHANGES, ids=".".join)
@pytest.mark.django_db(transaction=True)
def test_verbs_go_on_when_a_type_changes_and_changes_back(alice, change):
    client = client_of(alice)
    assert [use(client, "first"), use(client, "second")] == [DONE, DONE]

    with changed(*change):
        assert use(client, "third") == DONE
    assert use(client, "fourth") == DONE

    # What was rolled back left nothing, and nothing was done twice.
    titles = Task.objects.values_list("title", flat=True)
    assert list(titles) == ["Write"] * 4
    assert PomodoroSession.objects.count() == 4


TRIGGER = """
CREATE FUNCTION of_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM length(NEW.new_email); RETURN NEW; END $$;
CREATE TRIGGER of_test BEFORE INSERT ON accounts_emailchange
FOR EACH ROW EXECUTE FUNCTION of_test()
"""


@pytest.fixture
def trigger(transactional_db) -> Iterator[None]:
    """Have the table of new addresses a function with plans of its own."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION of_test CASCADE")


@pytest.mark.usefixtures("trigger")
def test_request_that_sends_mail_is_not_repeated(alice, mailoutbox):
    client = client_of(alice)

    def send() -> Response:
        return client.post("/api/auth/otp/send", {"newEmail": "new@example.com"})

    assert send().status_code == 200
    with changed("accounts_emailchange", "new_email", "text"):
        refused, after = send(), send()

    assert (refused.status_code, after.status_code) == (503, 200)
    assert refused.json()["code"] == "database_unavailable"
    assert int(refused["Retry-After"]) > 0
    assert len(mailoutbox) == 2


# Under load, by real processes


@pytest.fixture
def service(migrated_dir: Path) -> Iterator[Service]:
    with Service(migrated_dir, "--workers", "2", **UNLIMITED) as service:
        yield service


def work(service: Service, stop: Event) -> Client:
    client = Client(service)
    client.sign_in("/auth/guest", {})
    while not stop.is_set():
        client.day()
    return client


LATER = [
    *(f"ALTER TABLE {table} ADD added text DEFAULT 'x'" for table in TABLES),
    *(f"ALTER TABLE {table} DROP added" for table in TABLES),
    *(
        f"ALTER TABLE {table} ALTER {column} TYPE {new}"
        for table, column, new in CHANGES
    ),
]


def test_no_request_fails_while_tables_change(service):
    stop = Event()
    with ThreadPoolExecutor(6) as people:
        working = [people.submit(work, service, stop) for _ in range(6)]
        try:
            sleep(1)
            alter(service.state_dir, LATER)
            sleep(1)
        finally:
            stop.set()
        clients = [one.result() for one in working]

    assert [client.refused() for client in clients] == [{}] * 6


def alter(state_dir: Path, statements: list[str]) -> None:
    place = f"host={state_dir}/postgresql/data port={PORT} user={ROLE}"
    with psycopg.connect(f"{place} dbname=focusmaster", autocommit=True) as session:
        for statement in statements:
            session.execute(statement)
            sleep(0.1)
