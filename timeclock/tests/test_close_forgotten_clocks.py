"""The command that closes the clocks that somebody left running."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import SignIn, User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession
from timeclock.models import CLOSED_NOTE, MAX_NOTES, WorkLog

HOUR = timedelta(hours=1)


def ago(hours: float):
    return timezone.now().replace(microsecond=0) - hours * HOUR


def left_on(user: User, hours: float = 20, **fields) -> WorkLog:
    """Add a log that is open since so many hours, and was not touched since."""
    log = WorkLog.objects.create(user=user, started_at=ago(hours), **fields)
    WorkLog.objects.filter(pk=log.pk).update(updated_at=log.started_at)
    return log


def signed_in(user: User, last_used: float) -> SignIn:
    """Add a sign-in of the user's that was last used so many hours ago."""
    return SignIn.objects.create(
        user=user,
        device="Browser",
        created_at=ago(100),
        last_used_at=ago(last_used),
        expires_at=ago(-100),
    )


def changed_a_task(user: User, hours: float) -> datetime:
    """Add a task of the user's that was last changed so many hours ago."""
    at = ago(hours)
    task = Task.objects.add(user=user, title="Write")
    Task.objects.filter(pk=task.pk).update(updated_at=at)
    return at


def close(*args: str, **options) -> str:
    out = StringIO()
    call_command("close_forgotten_clocks", *args, stdout=out, **options)
    return out.getvalue()


def test_clock_is_closed_with_a_note_at_the_last_change_of_a_task(alice):
    log = left_on(alice)
    changed_a_task(alice, 30)
    last = changed_a_task(alice, 14)

    output = close()

    assert output == "Closed 1 forgotten clock(s).\n"
    log.refresh_from_db()
    assert log.ended_at == last
    assert log.duration == 6 * 3600
    assert log.notes == CLOSED_NOTE


def test_clock_without_a_sign_of_life_ends_as_it_starts(alice, bob):
    log = left_on(alice)
    changed_a_task(bob, 1)

    close()

    log.refresh_from_db()
    assert (log.ended_at, log.duration) == (log.started_at, 0)


def test_tab_that_only_reads_is_no_sign_of_life(alice):
    log = left_on(alice)
    signed_in(alice, 0)

    close()

    log.refresh_from_db()
    assert (log.ended_at, log.duration) == (log.started_at, 0)


def test_change_of_an_earlier_log_is_a_sign_of_life(alice):
    earlier = left_on(alice, 40, ended_at=ago(30))
    log = left_on(alice)
    WorkLog.objects.filter(pk=earlier.pk).update(updated_at=ago(15))

    close()

    log.refresh_from_db()
    assert log.duration == 5 * 3600


def test_focus_session_is_a_sign_of_life(alice, bob):
    log = left_on(alice)
    for user, end in [(alice, 15), (alice, 17), (bob, 13), (alice, -1)]:
        PomodoroSession.objects.create(
            user=user,
            type="focus",
            started_at=ago(end + 0.5),
            ended_at=ago(end),
            duration=1800,
        )
    PomodoroSession.objects.update(updated_at=ago(17))

    close()

    log.refresh_from_db()
    assert log.ended_at == log.started_at + 5 * HOUR


def test_break_is_a_sign_of_life(alice, bob):
    hers = left_on(alice, break_ended_at=ago(16), break_seconds=600)
    his = left_on(bob, break_ended_at=ago(18), break_started_at=ago(15))

    close()

    hers.refresh_from_db()
    his.refresh_from_db()
    assert (hers.duration, hers.break_seconds) == (4 * 3600, 600)
    assert (his.duration, his.break_seconds) == (5 * 3600, 0)
    assert his.break_started_at is None


def test_break_under_way_is_measured_up_to_the_end(alice):
    log = left_on(alice, break_started_at=ago(16))
    changed_a_task(alice, 15)

    close()

    log.refresh_from_db()
    assert (log.duration, log.break_seconds) == (5 * 3600, 3600)


def test_notes_of_the_person_stay(alice, bob):
    hers = left_on(alice, notes="At the client's")
    his = left_on(bob, notes="x" * MAX_NOTES)

    close()

    hers.refresh_from_db()
    his.refresh_from_db()
    assert hers.notes == f"At the client's\n{CLOSED_NOTE}"
    assert his.notes == "x" * MAX_NOTES
    assert his.ended_at is not None


def test_clocks_that_run_for_less_and_logs_that_are_closed_are_left_alone(alice, bob):
    left_on(alice, 11.9)
    left_on(bob, 20, ended_at=ago(1))
    before = list(WorkLog.objects.order_by("pk").values())

    output = close()

    assert output == "Closed 0 forgotten clock(s).\n"
    assert list(WorkLog.objects.order_by("pk").values()) == before


def test_hours_can_be_given(alice):
    left_on(alice, 3)

    assert close("--older-than-hours", "4") == "Closed 0 forgotten clock(s).\n"
    assert close("--older-than-hours", "3") == "Closed 1 forgotten clock(s).\n"


def test_dry_run_changes_nothing_and_tells_the_same(alice):
    log = left_on(alice)
    last = changed_a_task(alice, 14)
    before = WorkLog.objects.values().get()

    told = close("--dry-run", verbosity=2)
    unchanged = WorkLog.objects.values().get()
    done = close(verbosity=2)

    line = f"work log {log.pk}: {log}, ends {format_instant(last)}\n"
    assert unchanged == before
    assert told == f"{line}Would close 1 forgotten clock(s).\n"
    assert done == f"{line}Closed 1 forgotten clock(s).\n"


def test_second_run_finds_nothing(alice):
    left_on(alice)
    close()
    before = WorkLog.objects.values().get()

    output = close()

    assert output == "Closed 0 forgotten clock(s).\n"
    assert WorkLog.objects.values().get() == before


def test_verbosity_0_is_silent(alice):
    left_on(alice)

    assert close(verbosity=0) == ""
    assert not WorkLog.objects.open().exists()


@pytest.mark.parametrize("hours", ["0", "-1"])
def test_hours_that_mean_nothing_are_refused(alice, hours):
    left_on(alice)

    with pytest.raises(CommandError, match="must be from 1 to 8760"):
        close("--older-than-hours", hours)

    assert WorkLog.objects.open().exists()


def test_clock_that_was_moved_meanwhile_is_left_for_the_next_run(alice):
    log = left_on(alice)
    WorkLog.objects.update(started_at=ago(13))

    assert not log.close_at(ago(14))
    assert WorkLog.objects.open().exists()


def test_person_can_let_the_clock_run_on(alice):
    log = left_on(alice)
    close()

    response = client_of(alice).patch(f"/api/clock/logs/{log.pk}", {"endTime": None})

    assert response.status_code == 200
    assert response.json()["endTime"] is None


def test_clocks_of_all_people_are_closed(alice, bob, moderator):
    people = [alice, bob, moderator]
    for n, user in enumerate(people):
        left_on(user)
        changed_a_task(user, 13 + n)

    close()

    durations = [user.work_logs.get().duration for user in people]
    assert durations == [7 * 3600, 6 * 3600, 5 * 3600]


@pytest.mark.django_db(transaction=True)
def test_person_who_stops_at_the_same_moment_wins_or_loses_cleanly(alice, bob):
    for user in (alice, bob):
        left_on(user)
    mine = client_of(alice)
    *_, stopped = run_concurrently(
        *[partial(close, verbosity=0)] * 4,
        partial(mine.post, "/api/clock/stop", {"notes": "Mine"}),
    )

    log = WorkLog.objects.owned_by(alice).get()
    if stopped.status_code == 200:
        assert (log.notes, log.duration) == ("Mine", stopped.json()["duration"])
    else:
        assert stopped.json()["code"] == "not_clocked_in"
        assert log.notes == CLOSED_NOTE
    assert WorkLog.objects.owned_by(bob).get().notes == CLOSED_NOTE
