"""The copy of a person's data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import SignIn, User
from accounts.tests import rows as accounts_rows
from focusmaster.dates.rfc3339 import format_instant, parse_instant
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import browser_of, client_of, person
from focusmaster.tests.processes import until
from kanban.models import Task
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

EXPORT = "/api/gdpr/export"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def exported(client) -> dict:
    response = client.get(EXPORT)
    assert response.status_code == 200
    return json.loads(response.getvalue())


# With the same type it is still written anew.
REWRITE = "ALTER TABLE timeclock_worklog ALTER notes TYPE text USING notes || ''"


def record(user: User, *, task: Task | None = None) -> PomodoroSession:
    session, _ = PomodoroSession.objects.log(
        user_id=user.pk, task=task, type="focus", started_at=NINE, duration=1500
    )
    return session


def test_export_is_a_file_to_keep(api):
    response = api.get(EXPORT)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert (
        response["Content-Disposition"]
        == 'attachment; filename="focusmaster-data.json"'
    )
    assert response["Cache-Control"] == "no-store"
    body = response.getvalue()
    assert response["Content-Length"] == str(len(body))
    assert timezone.now() >= parse_instant(json.loads(body)["exportedAt"])


def test_anonymous_caller_gets_no_export(anonymous):
    response = anonymous.get(EXPORT)

    assert response.status_code == 401


def test_profile_and_settings_are_objects(api, alice):
    api.patch("/api/auth/me", {"settings": {"theme": "dark", "focusDuration": 50}})
    profile = api.get("/api/auth/me").json()

    copy = exported(api)

    settings = profile.pop("settings")
    assert settings["theme"] == "dark"
    assert copy["settings"] == settings
    assert profile.items() <= copy["profile"].items()


def test_reason_of_a_ban_that_has_ended_is_in_the_profile(alice):
    alice.status, alice.ban_reason = User.Status.SUSPENDED, "Spam"
    alice.banned_until = NINE
    alice.save()

    copy = exported(client_of(alice))

    assert copy["profile"]["banReason"] == "Spam"
    assert copy["profile"]["bannedUntil"] == "2026-03-02T09:00:00Z"


def test_tasks_and_sessions_read_as_in_their_lists(api, alice):
    task = Task.objects.add(
        user=alice, title='The "quoted"\nline, \U0001f345', tags=["a"]
    )
    record(alice, task=task)
    record(alice)

    copy = exported(api)

    assert copy["tasks"] == api.get("/api/tasks").json()
    assert copy["sessions"] == api.get("/api/sessions").json()
    assert len(copy["sessions"]) == 2


def test_what_signing_in_left_is_there(alice):
    accounts_rows.make_rows(alice)
    started = alice.sign_ins.get()
    SignIn.objects.filter(pk=started.pk).revoke(at=NINE)

    copy = exported(client_of(alice))

    assert copy["signIns"][-1] == {
        "_id": started.pk,
        "device": "Quuxfox/7.1",
        "ipAddress": "203.0.113.77",
        "createdAt": format_instant(SignIn.objects.get(pk=started.pk).created_at),
        "lastUsedAt": format_instant(SignIn.objects.get(pk=started.pk).last_used_at),
        "expiresAt": format_instant(SignIn.objects.get(pk=started.pk).expires_at),
        "revokedAt": "2026-03-02T09:00:00Z",
    }
    (failed,) = copy["failedSignIns"]
    assert failed["device"] == "Quuxfox/7.1"
    assert failed["where"] == "api"
    (consent,) = copy["consents"]
    assert consent["preferences"] == {
        "essential": True,
        "analytics": False,
        "marketing": True,
        "timestamp": None,
    }
    assert consent["userAgent"] == "Quuxfox/7.1"
    assert copy["emailChange"]["newEmail"] == "new.alice@example.com"


def test_no_secret_leaves(alice):
    accounts_rows.make_rows(alice)
    client = client_of(alice)

    body = client.get(EXPORT).getvalue().decode()

    assert alice.password not in body
    assert alice.email_changes.get().code_hash not in body
    assert alice.password_resets.get().token_hash not in body


def test_nothing_of_another_leaves(api, alice, bob):
    accounts_rows.make_rows(bob)
    Task.objects.add(user=bob, title="not hers")
    record(bob)

    copy = exported(api)

    assert copy["tasks"] == copy["sessions"] == copy["consents"] == []
    assert copy["failedSignIns"] == []
    assert copy["emailChange"] is None
    assert [row["device"] for row in copy["signIns"]] == ["Unknown device"]


def test_copy_has_a_line_for_each_row(api, alice):
    for title in ("first", "second"):
        Task.objects.add(user=alice, title=title)

    lines = api.get(EXPORT).getvalue().decode().splitlines()

    start = lines.index('  "tasks": [')
    assert [
        json.loads(line.strip(" ,"))["title"] for line in lines[start + 1 : start + 3]
    ] == [
        "second",
        "first",
    ]
    assert lines[start + 3] == "  ],"


def test_browser_gets_it_with_the_cookie(alice):
    assert exported(browser_of(alice))["profile"]["_id"] == alice.pk


def test_export_runs_a_query_for_each_section(api, alice, django_assert_num_queries):
    for _ in range(3):
        record(alice, task=Task.objects.add(user=alice, title="Write"))
    sections = len(exported(api)) - len(["exportedAt"])

    # The token, a savepoint (begun and released), the lock and the sections.
    with django_assert_num_queries(4 + sections):
        exported(api)


@pytest.mark.django_db(transaction=True)
def test_copy_shows_one_moment_though_rows_are_written_meanwhile():
    alice, stop = person("Alice"), Event()
    client = client_of(alice)
    task = Task.objects.add(user=alice, title="0 sessions")

    def write() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            with transaction.atomic():
                record(alice, task=task)
                titles = Task.objects.filter(pk=task.pk)
                titles.update(title=f"{number} sessions")
        return number

    def copy() -> None:
        try:
            for _ in range(30):
                found = exported(client)
                titles = [row["title"] for row in found["tasks"]]
                assert titles == [f"{len(found['sessions'])} sessions"]
        finally:
            stop.set()

    written, _ = run_concurrently(write, copy)

    assert written > 30


@pytest.mark.django_db(transaction=True)
def test_copy_is_whole_though_a_table_is_rewritten_meanwhile():
    """To a snapshot from before that, the table would be empty."""
    alice = person("Alice")
    client = client_of(alice)
    WorkLog.objects.start(user_id=alice.pk)

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(REWRITE)
            copy = thread.submit(exported_and_closed, client)
            until(is_somebody_waiting)
        copy = copy.result()

    assert len(copy["workLogs"]) == 1


def exported_and_closed(client) -> dict:
    try:
        return exported(client)
    finally:
        connections.close_all()


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() != (0,)
