"""`manage.py recount` brings back in step what was written past the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Progress, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of, person
from kanban.models import Task
from pomodoro import reconcile
from pomodoro.badges import award
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
MONDAY = datetime(2026, 2, 2, 10, tzinfo=UTC)
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}
COUNTS = ("points", "focus_count", "focus_seconds", "badges")


def recount(*args: str, **options) -> list[str]:
    out = StringIO()
    call_command("recount", *args, stdout=out, **options)
    return out.getvalue().splitlines()


@contextmanager
def triggers_off() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")


def restore(user: User, count: int = 10, **fields) -> None:
    """Store sessions as a restored table has them: nothing else knows of them."""
    given = {"type": "focus", "duration": 1500} | fields
    with triggers_off():
        PomodoroSession.objects.bulk_create(
            PomodoroSession(
                user=user, started_at=MONDAY + timedelta(minutes=n), **given
            )
            for n in range(count)
        )


def counts_of(user: User) -> tuple:
    """Return what is stored, after a look at the badges."""
    award(user)
    return Progress.objects.values_list(*COUNTS).get(pk=user.pk)


@pytest.fixture
def task(alice) -> Task:
    return Task.objects.add(user=alice, title="Write")


def test_healthy_database_has_nothing_to_correct(api, alice, bob, task):
    ids = [
        api.post(SESSIONS, BLOCK | {"task": task.pk, "completed": done}).json()["_id"]
        for done in (True, False, True)
    ]
    api.delete(f"{SESSIONS}/{ids[0]}")
    api.post(SESSIONS, BLOCK | {"type": "longBreak"})
    before = counts_of(alice)

    lines = recount("--all")

    assert lines == ["Corrected 0 value(s) of 2 people."]
    assert counts_of(alice) == before == (10, 2, 3000, ["first-focus"])


def test_restored_sessions_count_again(alice, task):
    restore(alice, task=task)
    restore(alice, 2, task=task, completed=False)
    restore(alice, 3, type="shortBreak")

    lines = recount("--all")

    assert counts_of(alice) == (100, 12, 18_000, ["first-focus", "ten-a-day"])
    task.refresh_from_db()
    assert (task.session_count, task.completed_pomodoros) == (10, 10)
    assert lines == [
        "user alice@example.com: points 0, by the sessions 100",
        "user alice@example.com: focus_count 0, by the sessions 12",
        "user alice@example.com: focus_seconds 0, by the sessions 18000",
        "user alice@example.com: badges none, by the sessions first-focus, ten-a-day",
        f"task {task.pk}: session_count 0, by the sessions 10",
        "Corrected 5 value(s) of 1 people.",
    ]


def test_counts_of_sessions_that_are_gone_go(api, alice, task):
    api.post(SESSIONS, BLOCK | {"task": task.pk})
    api.get("/api/auth/me")
    with triggers_off():
        PomodoroSession.objects.all().delete()

    recount("--all")

    assert counts_of(alice) == (0, 0, 0, ["first-focus"])
    task.refresh_from_db()
    assert task.session_count == 0


def test_second_run_finds_nothing(alice):
    restore(alice)
    recount("--all")

    assert recount("--all") == ["Corrected 0 value(s) of 1 people."]


def test_dry_run_reports_and_changes_nothing(alice):
    restore(alice)

    lines = recount("--all", "--dry-run")

    assert len(lines) == 5
    assert lines[-1] == "Would correct 4 value(s) of 1 people."
    assert counts_of(alice) == (0, 0, 0, [])


def test_one_person_alone_is_counted(alice, bob):
    restore(alice)
    restore(bob)

    lines = recount("ALICE@example.com")

    assert lines[-1] == "Corrected 4 value(s) of 1 people."
    assert counts_of(alice)[0] == 100
    assert counts_of(bob)[0] == 0


def test_quiet_run_says_nothing(alice):
    restore(alice)

    assert recount("--all", verbosity=0) == []
    assert counts_of(alice)[0] == 100


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "Give either emails or --all."),
        (["alice@example.com", "--all"], "Give either emails or --all."),
        (["nobody@example.com"], "There is no account with the email nobody@"),
    ],
)
def test_unclear_order_is_refused(alice, args, message):
    restore(alice)

    with pytest.raises(CommandError, match=message):
        recount(*args)

    assert counts_of(alice)[0] == 0


def test_people_are_counted_by_the_batch(db, monkeypatch):
    monkeypatch.setattr(reconcile, "PEOPLE_PER_BATCH", 2)
    people = [person(f"User{n}") for n in range(5)]
    for user in people:
        restore(user)

    lines = recount("--all")

    assert lines[-1] == "Corrected 20 value(s) of 5 people."
    assert {counts_of(user)[0] for user in people} == {100}


def test_healthy_batch_takes_as_many_queries_whoever_is_in_it(api, alice):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            recount("--all")
        return len(captured)

    alone = queries()
    for n in range(5):
        client_of(person(f"User{n}")).post(SESSIONS, BLOCK)

    assert queries() == alone


@pytest.mark.django_db(transaction=True)
def test_sessions_logged_meanwhile_are_neither_lost_nor_counted_twice(alice):
    for _ in range(5):
        PomodoroSession.objects.all().delete()
        Progress.objects.filter(pk=alice.pk).update(badges=[])
        restore(alice, 3)
        clients = [client_of(alice) for _ in range(3)]
        posts = [partial(client.post, SESSIONS, BLOCK) for client in clients]

        run_concurrently(*posts, partial(recount, "--all"), *posts)
        recount("--all")

        assert counts_of(alice) == (90, 9, 13_500, ["first-focus"])
        assert recount("--all") == ["Corrected 0 value(s) of 1 people."]
