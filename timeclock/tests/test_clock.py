"""The clock: starting, stopping, breaks, and what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from timeclock.models import WorkLog

START = "/api/clock/start"
STOP = "/api/clock/stop"
STATUS = "/api/clock/status"
BREAK_START = "/api/clock/break/start"
BREAK_STOP = "/api/clock/break/stop"
CALLS = [START, STOP, BREAK_START, BREAK_STOP]

HOUR = timedelta(hours=1)
NOT_RUNNING = {
    "clockedIn": False,
    "log": None,
    "elapsed": 0,
    "onBreak": False,
    "breakStartedAt": None,
    "forgotten": False,
}


def started(user, ago: timedelta = timedelta(), **fields) -> WorkLog:
    """Return an open log of the user's that began so long ago."""
    at = timezone.now() - ago
    return WorkLog.objects.create(
        user=user, started_at=at.replace(microsecond=0), **fields
    )


def code_of(response) -> str:
    assert response.status_code == 409, response.content
    return response.json()["code"]


# Starting and stopping


def test_start_opens_a_log_with_every_field(api, alice):
    response = api.post(START)

    body = response.json()
    assert response.status_code == 201
    log = WorkLog.objects.get()
    start = format_instant(log.started_at)
    assert body == {
        "_id": log.pk,
        "user": alice.pk,
        "startTime": start,
        "endTime": None,
        "duration": None,
        "breakTime": 0,
        "notes": "",
        "createdAt": start,
        "updatedAt": start,
    }
    assert (log.user, log.ended_at, log.duration) == (alice, None, None)
    assert timezone.now() - log.started_at < timedelta(minutes=1)


def test_start_takes_notes(api):
    response = api.post(START, {"notes": " at the client's "})

    assert response.json()["notes"] == " at the client's "
    assert WorkLog.objects.get().notes == " at the client's "


def test_second_start_is_refused(api, alice):
    first = api.post(START).json()

    response = api.post(START)

    assert code_of(response) == "already_clocked_in"
    assert WorkLog.objects.get().pk == first["_id"]


def test_clock_of_someone_else_is_another_one(api, bob):
    started(bob)

    stopped = api.post(STOP)
    status = api.get(STATUS).json()
    response = api.post(START)

    assert code_of(stopped) == "not_clocked_in"
    assert status == NOT_RUNNING
    assert response.status_code == 201
    assert WorkLog.objects.open().count() == 2


def test_stop_closes_the_log(api, alice):
    log = started(alice, 2 * HOUR)

    response = api.post(STOP, {"breakTime": 300, "notes": "Productive day"})

    assert response.status_code == 200
    body = response.json()
    log.refresh_from_db()
    assert body["_id"] == log.pk
    assert body["endTime"] == format_instant(log.ended_at)
    assert 7200 <= body["duration"] == log.duration < 7260
    assert body["breakTime"] == log.break_seconds == 300
    assert body["notes"] == log.notes == "Productive day"


def test_stop_without_a_body_keeps_the_notes(api, alice):
    started(alice, HOUR, notes="At the client's")

    response = api.post(STOP)

    assert response.status_code == 200
    assert response.json()["notes"] == "At the client's"
    assert response.json()["breakTime"] == 0


def test_second_stop_is_refused_and_changes_nothing(api, alice):
    started(alice, HOUR)
    first = api.post(STOP).json()

    response = api.post(STOP, {"notes": "Once more"})

    assert code_of(response) == "not_clocked_in"
    assert WorkLog.objects.get().notes == ""
    assert format_instant(WorkLog.objects.get().ended_at) == first["endTime"]


def test_clock_can_be_stopped_and_started_again_right_away(api):
    for _ in range(3):
        api.post(START)
        api.post(STOP)

    response = api.post(START)

    assert response.status_code == 201
    assert WorkLog.objects.count() == 4


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"breakTime": -1}, "breakTime"),
        ({"breakTime": 86401}, "breakTime"),
        ({"breakTime": "300"}, "breakTime"),
        ({"breakTime": None}, "breakTime"),
        ({"breakTime": 3700}, "breakTime"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": 5}, "notes"),
        ({"note": "x"}, "note"),
    ],
)
def test_stop_refuses_what_is_wrong_and_the_clock_runs_on(api, alice, given, field):
    log = started(alice, HOUR)

    response = api.post(STOP, given)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    log.refresh_from_db()
    assert (log.ended_at, log.break_seconds, log.notes) == (None, 0, "")


def test_stop_takes_values_up_to_their_limits(api, alice):
    started(alice, 25 * HOUR)

    response = api.post(STOP, {"breakTime": 86400, "notes": "ü" * 2000})

    assert response.status_code == 200
    assert response.json()["breakTime"] == 86400
    assert WorkLog.objects.get().notes == "ü" * 2000


def test_stop_takes_back_what_it_was_told(api, alice):
    started(alice, HOUR)
    log = api.get(STATUS).json()["log"]

    response = api.post(STOP, log | {"notes": "Done"})

    assert response.status_code == 200
    assert response.json()["endTime"] is not None
    assert response.json()["notes"] == "Done"


def test_clock_left_on_for_months_can_be_stopped(api, alice):
    started(alice, 2400 * HOUR)

    response = api.post(STOP)

    assert response.status_code == 200
    assert response.json()["duration"] == 7 * 24 * 3600


@pytest.mark.parametrize("hours", [0, 0.5, 23.9])
def test_clock_starts_at_an_instant_of_the_last_day(api, hours):
    at = format_instant(timezone.now().replace(microsecond=0) - hours * HOUR)

    response = api.post(START, {"startTime": at})

    assert response.status_code == 201
    assert response.json()["startTime"] == at


@pytest.mark.parametrize("hours", [24.1, 87_600, -0.1, -24])
def test_clock_starts_at_no_other_instant(api, hours):
    at = format_instant(timezone.now() - hours * HOUR)

    response = api.post(START, {"startTime": at})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "startTime"
    assert not WorkLog.objects.exists()


@pytest.mark.parametrize("minutes", [60, 1, 0, -4.9])
def test_clock_stops_at_an_instant_of_its_own(api, alice, minutes):
    started(alice, HOUR)
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=minutes)

    response = api.post(STOP, {"endTime": format_instant(max(at, first_start(alice)))})

    assert response.status_code == 200
    assert response.json()["endTime"] == format_instant(max(at, first_start(alice)))


@pytest.mark.parametrize("minutes", [61, 100_000, -5.1, -600])
def test_clock_stops_neither_before_its_start_nor_in_the_future(api, alice, minutes):
    started(alice, HOUR)
    at = timezone.now() - timedelta(minutes=minutes)

    response = api.post(STOP, {"endTime": format_instant(at)})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "endTime"
    assert WorkLog.objects.open().exists()


def first_start(user):
    return WorkLog.objects.owned_by(user).earliest("started_at").started_at


def test_log_that_starts_ahead_of_the_server_ends_as_it_starts(api, alice):
    log = started(alice, -HOUR)

    response = api.post(STOP)

    assert response.status_code == 200
    assert response.json()["duration"] == 0
    assert response.json()["endTime"] == format_instant(log.started_at)


def test_clock_does_not_start_within_a_log_that_is_there(api, alice):
    now = timezone.now()
    log = WorkLog.objects.create(user=alice, started_at=now - HOUR, ended_at=now + HOUR)

    response = api.post(START)

    assert code_of(response) == "overlap"
    assert WorkLog.objects.get() == log


@pytest.mark.parametrize("call", [*CALLS, STATUS])
def test_anonymous_caller_is_unauthorized(anonymous, call):
    response = anonymous.get(call) if call == STATUS else anonymous.post(call)

    assert response.status_code == 401
    assert not WorkLog.objects.exists()


def test_calls_of_the_clock_cost_so_many_queries(api, alice, django_assert_num_queries):
    started(alice, HOUR)

    # One is for the token's owner.
    with django_assert_num_queries(2):
        api.get(STATUS)
    # The owner's lock, the log, its change, its JSON; two or four of savepoints, for
    # the test has a transaction around it.
    with django_assert_num_queries(5 + 2):
        api.post(BREAK_START)
    with django_assert_num_queries(5 + 2):
        api.post(BREAK_STOP)
    with django_assert_num_queries(5 + 4):
        api.post(STOP)
    with django_assert_num_queries(4 + 4):
        api.post(START)


# What it shows


def test_status_of_a_clock_that_does_not_run(api):
    response = api.get(STATUS)

    assert response.status_code == 200
    assert response.json() == NOT_RUNNING


def test_status_shows_the_log_and_the_seconds_since_its_start(api, alice):
    log = started(alice, 2 * HOUR, notes='"quoted"\n')

    body = api.get(STATUS).json()

    assert body["clockedIn"] is True
    assert body["log"] == api.get(f"/api/clock/logs/{log.pk}").json()
    assert 7200 <= body["elapsed"] < 7260
    assert (body["onBreak"], body["breakStartedAt"]) == (False, None)


def test_elapsed_counts_breaks_and_is_never_negative(api, alice):
    log = started(alice, HOUR, break_seconds=600)

    with_breaks = api.get(STATUS).json()["elapsed"]
    WorkLog.objects.filter(pk=log.pk).update(started_at=timezone.now() + HOUR)
    ahead = api.get(STATUS).json()["elapsed"]

    assert with_breaks >= 3600
    assert ahead == 0


@pytest.mark.parametrize(
    ("ago", "forgotten"), [(11.9, False), (12.1, True), (24 * 365, True)]
)
def test_clock_counts_as_forgotten_after_twelve_hours(api, alice, ago, forgotten):
    started(alice, ago * HOUR)

    body = api.get(STATUS).json()

    assert body["clockedIn"] is True
    assert body["forgotten"] is forgotten


def test_hours_after_which_a_clock_is_forgotten_are_a_setting(api, alice, settings):
    settings.CLOCK_FORGOTTEN_HOURS = 2
    started(alice, 3 * HOUR)

    assert api.get(STATUS).json()["forgotten"] is True


# Breaks


def test_break_is_measured_and_added_up(api, alice):
    log = started(alice, 3 * HOUR, break_seconds=60)

    on_break = api.post(BREAK_START)
    begun = WorkLog.objects.get().break_started_at
    WorkLog.objects.update(break_started_at=begun - timedelta(minutes=10))
    off_break = api.post(BREAK_STOP)
    stopped = api.post(STOP).json()

    assert (on_break.status_code, off_break.status_code) == (200, 200)
    assert on_break.json()["onBreak"] is True
    assert on_break.json()["breakStartedAt"] == format_instant(begun)
    assert on_break.json()["log"]["breakTime"] == 60
    assert off_break.json()["onBreak"] is False
    assert off_break.json()["breakStartedAt"] is None
    assert 660 <= off_break.json()["log"]["breakTime"] < 720
    log.refresh_from_db()
    assert stopped["breakTime"] == off_break.json()["log"]["breakTime"]
    assert (log.break_seconds, log.break_started_at) == (stopped["breakTime"], None)


def test_break_that_is_running_ends_with_the_work(api, alice):
    begun = timezone.now() - timedelta(minutes=20)
    started(alice, HOUR, break_seconds=60, break_started_at=begun)

    stopped = api.post(STOP).json()

    log = WorkLog.objects.get()
    assert 1260 <= stopped["breakTime"] == log.break_seconds < 1320
    assert log.break_started_at is None
    assert api.get(STATUS).json() == NOT_RUNNING


def test_break_time_that_is_sent_counts_instead_of_what_was_measured(api, alice):
    begun = timezone.now() - timedelta(minutes=20)
    started(alice, HOUR, break_seconds=60, break_started_at=begun)

    stopped = api.post(STOP, {"breakTime": 0}).json()

    assert stopped["breakTime"] == WorkLog.objects.get().break_seconds == 0


def test_work_that_was_all_break_can_be_stopped(api, alice):
    log = started(alice, HOUR)
    WorkLog.objects.update(break_started_at=log.started_at)

    stopped = api.post(STOP).json()

    assert 3600 <= stopped["breakTime"] <= stopped["duration"]


def test_breaks_count_at_most_as_long_as_the_log_and_a_day(api, alice):
    started(alice, HOUR, break_seconds=7200)

    short = api.post(STOP).json()
    WorkLog.objects.all().delete()
    log = started(alice, 72 * HOUR)
    WorkLog.objects.update(break_started_at=log.started_at)
    long = api.post(STOP).json()

    assert short["breakTime"] == short["duration"]
    assert long["breakTime"] == 86400


def test_second_break_is_refused_while_one_runs(api, alice):
    started(alice, HOUR)
    api.post(BREAK_START)
    begun = WorkLog.objects.get().break_started_at

    response = api.post(BREAK_START)

    assert code_of(response) == "already_on_break"
    assert WorkLog.objects.get().break_started_at == begun


def test_break_that_does_not_run_cannot_be_ended(api, alice):
    started(alice, HOUR)

    response = api.post(BREAK_STOP)

    assert code_of(response) == "not_on_break"
    assert WorkLog.objects.get().break_seconds == 0


@pytest.mark.parametrize("call", [BREAK_START, BREAK_STOP])
def test_there_is_no_break_without_work(api, bob, call):
    started(bob, HOUR, break_started_at=timezone.now() - HOUR)

    response = api.post(call)

    assert code_of(response) == "not_clocked_in"
    assert WorkLog.objects.get().break_seconds == 0


# What the database refuses


def test_database_refuses_a_second_open_log(alice):
    started(alice)

    with pytest.raises(IntegrityError, match="timeclock_worklog_one_open_per_user"):
        started(alice, -HOUR)


def test_database_refuses_a_break_in_a_log_that_is_closed(alice):
    now = timezone.now()

    with pytest.raises(
        IntegrityError, match="timeclock_worklog_break_runs_only_in_open"
    ):
        WorkLog.objects.create(
            user=alice, started_at=now - HOUR, ended_at=now, break_started_at=now
        )


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_of_thirty_starts_at_once_one_wins(alice):
    clients = [client_of(alice) for _ in range(30)]

    answers = run_concurrently(*(partial(client.post, START) for client in clients))

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 29
    refused = {one.json()["code"] for one in answers if one.status_code == 409}
    assert refused == {"already_clocked_in"}
    assert WorkLog.objects.get().ended_at is None


@pytest.mark.django_db(transaction=True)
def test_of_ten_stops_at_once_one_wins(alice):
    started(alice, HOUR)
    clients = [client_of(alice) for _ in range(10)]

    answers = run_concurrently(
        *(partial(one.post, STOP, {"notes": str(n)}) for n, one in enumerate(clients))
    )

    won = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code != 200]
    assert len(won) == 1
    assert {code_of(answer) for answer in lost} == {"not_clocked_in"}
    assert WorkLog.objects.get().notes == str(won[0])


@pytest.mark.django_db(transaction=True)
def test_of_ten_breaks_ended_at_once_one_is_measured(alice):
    now = datetime.now(UTC)
    started(alice, HOUR, break_started_at=now - timedelta(minutes=10))
    clients = [client_of(alice) for _ in range(10)]

    answers = run_concurrently(
        *(partial(client.post, BREAK_STOP) for client in clients)
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * 9
    assert 600 <= WorkLog.objects.get().break_seconds < 660


@pytest.mark.django_db(transaction=True)
def test_starts_stops_and_breaks_at_once_leave_a_clock_that_is_right(alice):
    def press_all(client):
        return [
            client.post(call).status_code
            for call in (START, BREAK_START, STOP, START, BREAK_STOP, STOP)
        ]

    answers = run_concurrently(
        *(partial(press_all, client_of(alice)) for _ in range(8))
    )

    statuses = [status for answer in answers for status in answer]
    assert set(statuses) <= {200, 201, 409}
    assert WorkLog.objects.count() == statuses.count(201)
    assert WorkLog.objects.open().count() <= 1
