"""Work logs: entering and correcting past work, which never overlaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.fields import new_object_id
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of, person
from timeclock.exceptions import (
    AlreadyClockedIn,
    BreakExceedsDuration,
    EndsBeforeStart,
    Overlap,
)
from timeclock.models import WorkLog

LOGS = "/api/clock/logs"
START = "/api/clock/start"
NOBODYS = "0" * 24

NINE = datetime(2026, 2, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIFT = {
    "startTime": "2026-02-02T09:00:00Z",
    "endTime": "2026-02-02T17:00:00Z",
    "breakTime": 1800,
    "notes": "Productive day",
}
OVERLAPPING_ROWS = """
SELECT count(*) FROM timeclock_worklog a JOIN timeclock_worklog b
ON a.user_id = b.user_id AND a.id < b.id
AND a.started_at < coalesce(b.ended_at, 'infinity')
AND b.started_at < coalesce(a.ended_at, 'infinity')
"""


def log(user: User, start: datetime = NINE, hours: float | None = 8, **fields):
    end = None if hours is None else start + hours * HOUR
    return WorkLog.objects.create(user=user, started_at=start, ended_at=end, **fields)


def path_of(row: WorkLog | str) -> str:
    return f"{LOGS}/{getattr(row, 'pk', row)}"


def stored(row: WorkLog) -> dict:
    return WorkLog.objects.values().get(pk=row.pk)


def span(start: int, end: int | None) -> dict:
    """Return a body: from so many minutes past nine to so many, or open."""
    times = [None if m is None else NINE + timedelta(minutes=m) for m in (start, end)]
    return dict(zip(("startTime", "endTime"), map(format_instant, times), strict=True))


def ids_of(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [one["_id"] for one in response.json()]


def fields_of(response) -> set[str]:
    assert response.status_code == 400, response.content
    return {error["field"] for error in response.json()["errors"]}


def code_of(response) -> str:
    assert response.status_code == 409, response.content
    return response.json()["code"]


def overlapping_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPPING_ROWS)
        return cursor.fetchone()[0]


# What works


def test_past_work_is_entered_with_every_field(api, alice):
    response = api.post(LOGS, SHIFT)

    assert response.status_code == 201
    body = response.json()
    row = WorkLog.objects.get()
    assert body == {
        **SHIFT,
        "_id": row.pk,
        "user": alice.pk,
        "duration": 28800,
        "createdAt": body["updatedAt"],
        "updatedAt": body["updatedAt"],
    }
    assert timezone.now() - row.created_at < timedelta(minutes=1)
    assert (row.user, row.started_at, row.ended_at) == (alice, NINE, NINE + 8 * HOUR)
    assert (row.duration, row.break_seconds) == (28800, 1800)
    assert row.notes == "Productive day"


def test_least_log_has_no_break_and_no_notes(api):
    response = api.post(LOGS, span(0, 60))

    assert response.status_code == 201
    assert response.json()["breakTime"] == 0
    assert response.json()["notes"] == ""


def test_log_reads_the_same_created_listed_alone_and_changed(api):
    created = api.post(LOGS, SHIFT)
    path = path_of(created.json()["_id"])

    listed = api.get(LOGS)
    alone = api.get(path)
    changed = api.patch(path, {"notes": "Productive day"}).json()

    assert listed.content == b"[%b]" % created.content
    assert alone.content == created.content
    assert changed == created.json() | {"updatedAt": changed["updatedAt"]}


def test_change_touches_only_what_is_given(api, alice):
    row = log(alice, notes="Long", break_seconds=60)
    before = stored(row)

    response = api.patch(path_of(row), {"endTime": "2026-02-02T12:30:00+01:00"})

    assert response.status_code == 200
    assert response.json()["endTime"] == "2026-02-02T11:30:00Z"
    assert response.json()["duration"] == 9000
    after = stored(row)
    assert after.pop("updated_at") > before.pop("updated_at")
    changed = {"ended_at": NINE + 2.5 * HOUR, "duration": 9000}
    assert after == before | changed


def test_log_can_be_sent_back_as_it_came(api, alice):
    row = log(alice, break_seconds=60, notes="Yes")
    got = api.get(path_of(row)).json()

    changed = api.patch(path_of(row), got)
    api.delete(path_of(row))
    again = api.post(LOGS, got)

    assert changed.json() == got | {"updatedAt": changed.json()["updatedAt"]}
    assert again.status_code == 201
    same = ["startTime", "endTime", "duration", "breakTime", "notes"]
    assert [again.json()[name] for name in same] == [got[name] for name in same]


def test_deleted_log_is_gone_and_its_time_is_free(api, alice):
    row = log(alice)

    response = api.delete(path_of(row))
    again = api.delete(path_of(row))

    assert response.status_code == 200
    assert response.json() == {"message": "Work log deleted successfully"}
    assert again.status_code == 404
    assert api.post(LOGS, SHIFT).status_code == 201


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ("2026-02-02T09:00:00Z", 0),
        ("2026-02-02T09:00:00.499Z", 0),
        ("2026-02-02T09:00:00.500Z", 1),
        ("2026-02-03T09:00:00+01:00", 82800),
    ],
)
def test_duration_is_whole_seconds(api, end, seconds):
    response = api.post(LOGS, {"startTime": SHIFT["startTime"], "endTime": end})

    assert response.json()["duration"] == WorkLog.objects.get().duration == seconds


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("2025-12-25T00:00:00Z", 201),
        ("2025-12-24T23:59:59.999Z", 400),
        ("2016-01-01T00:00:00Z", 400),
        ("0002-01-01T00:00:00Z", 400),
    ],
)
def test_log_lasts_at_most_a_week(api, start, code):
    body = {"startTime": start, "endTime": "2026-01-01T00:00:00Z"}

    response = api.post(LOGS, body)

    assert response.status_code == code
    assert WorkLog.objects.exists() == (code == 201)


def test_log_is_not_made_longer_than_a_week(api, alice):
    row = log(alice)
    before = stored(row)

    response = api.patch(path_of(row), {"startTime": "2016-02-02T09:00:00Z"})

    assert response.status_code == 400
    assert stored(row) == before


def test_list_goes_on_page_by_page(api, alice):
    rows = [log(alice, NINE + day * timedelta(days=1)) for day in range(3)]

    first = api.get(f"{LOGS}?limit=2")
    link = first["Link"].partition(">")[0].removeprefix("<")
    second = api.get(link)

    assert ids_of(first) + ids_of(second) == [row.pk for row in reversed(rows)]


def test_log_belongs_to_the_local_day_on_which_it_starts(api, alice):
    User.objects.filter(pk=alice.pk).update(timezone="Asia/Kolkata")
    evening = log(alice, datetime(2026, 2, 1, 18, tzinfo=UTC), 2)
    night = log(alice, datetime(2026, 2, 1, 22, tzinfo=UTC), 2)

    before = ids_of(api.get(f"{LOGS}?to=2026-02-01"))
    after = ids_of(api.get(f"{LOGS}?from=2026-02-02"))
    elsewhere = ids_of(api.get(f"{LOGS}?from=2026-02-02&tz=UTC"))

    assert before == [evening.pk]
    assert after == [night.pk]
    assert elsewhere == []


def test_ranges_end_today(api, alice):
    now = timezone.now()
    rows = [log(alice, now - timedelta(days=n), 0.5) for n in (0, 6, 29, 30)]

    found = {
        name: ids_of(api.get(f"{LOGS}?range={name}"))
        for name in ("today", "week", "month")
    }

    ids = [row.pk for row in rows]
    assert found == {"today": ids[:1], "week": ids[:2], "month": ids[:3]}


@pytest.mark.parametrize("path", [LOGS, f"{LOGS}.csv"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=year", "range"),
        ("range=week&from=2026-02-02", "range"),
        ("from=yesterday", "from"),
        ("to=2026-02-02T10:00:00", "to"),
        ("tz=Mars", "tz"),
    ],
)
def test_filters_that_mean_nothing_are_refused(api, path, query, field):
    assert fields_of(api.get(f"{path}?{query}")) == {field}


def test_queries_do_not_grow_with_the_logs(api, alice, django_assert_num_queries):
    rows = [log(alice, NINE + day * timedelta(days=1)) for day in range(5)]

    # One is for the token's owner.
    with django_assert_num_queries(2):
        api.get(LOGS)
    with django_assert_num_queries(2):
        api.get(path_of(rows[0]))
    # Two, and below four, of savepoints, for the test has a transaction around it.
    with django_assert_num_queries(2 + 2):
        api.get(f"{LOGS}.csv").getvalue()
    with django_assert_num_queries(5 + 4):
        api.patch(path_of(rows[0]), {"notes": "x"})
    with django_assert_num_queries(4 + 4):
        api.post(LOGS, span(-60, 0))
    with django_assert_num_queries(2):
        api.delete(path_of(rows[0]))


# The open log


def test_clock_that_should_have_run_earlier_is_corrected(api, alice):
    row = log(alice, timezone.now().replace(microsecond=0) - HOUR, None)
    earlier = format_instant(row.started_at - HOUR)

    response = api.patch(path_of(row), {"startTime": earlier})

    assert response.status_code == 200
    assert response.json()["startTime"] == earlier
    assert response.json()["endTime"] is None


def test_clock_that_was_left_on_is_closed_when_the_work_ended(api, alice):
    row = log(alice, NINE, None, break_seconds=600)
    WorkLog.objects.update(break_started_at=NINE + 7 * HOUR)

    response = api.patch(path_of(row), {"endTime": SHIFT["endTime"]})

    row.refresh_from_db()
    assert response.json()["duration"] == 28800
    assert response.json()["breakTime"] == row.break_seconds == 600 + 3600
    assert row.break_started_at is None
    assert api.get("/api/clock/status").json()["clockedIn"] is False


def test_break_after_the_end_does_not_count(api, alice):
    row = log(alice, NINE, None, break_started_at=NINE + 9 * HOUR)

    response = api.patch(path_of(row), {"endTime": SHIFT["endTime"]})

    assert response.json()["breakTime"] == 0


def test_measured_break_of_a_moved_log_fits_into_it(api, alice):
    row = log(alice, NINE, None, break_seconds=7200)

    response = api.patch(path_of(row), span(30, 60))

    assert response.json()["duration"] == response.json()["breakTime"] == 1800


def test_open_log_that_is_sent_back_runs_on_with_its_break(api, alice):
    row = log(alice, NINE, None, break_started_at=NINE + HOUR, break_seconds=60)
    got = api.get(path_of(row)).json()

    response = api.patch(path_of(row), got)

    row.refresh_from_db()
    assert response.json() == got | {"updatedAt": response.json()["updatedAt"]}
    assert row.break_started_at == NINE + HOUR


def test_log_that_was_closed_by_mistake_runs_on(api, alice):
    row = log(alice, timezone.now() - 2 * HOUR, 1, break_seconds=60)

    response = api.patch(path_of(row), {"endTime": None})

    assert response.status_code == 200
    assert (response.json()["endTime"], response.json()["duration"]) == (None, None)
    assert response.json()["breakTime"] == 60
    assert api.get("/api/clock/status").json()["log"]["_id"] == row.pk


def test_second_log_is_not_opened(api, alice):
    row = log(alice, NINE, 1)
    api.post(START)

    changed = api.patch(path_of(row), {"endTime": None})
    created = api.post(LOGS, span(120, None))

    assert code_of(changed) == code_of(created) == "already_clocked_in"
    assert WorkLog.objects.open().count() == 1


def test_work_may_be_entered_as_still_running(api, alice):
    response = api.post(LOGS, span(0, None))

    assert response.status_code == 201
    assert response.json()["endTime"] is None
    assert code_of(api.post(START)) == "already_clocked_in"


def test_deleting_the_open_log_takes_the_start_back(api):
    row = api.post(START).json()

    api.delete(path_of(row["_id"]))

    assert api.get("/api/clock/status").json()["clockedIn"] is False
    assert api.post(START).status_code == 201


# What is refused


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"startTime": None}, "startTime"),
        ({"startTime": "2026-02-02T09:00:00"}, "startTime"),
        ({"startTime": "2026-02-02"}, "startTime"),
        ({"startTime": 5}, "startTime"),
        ({"endTime": "2026-02-02T08:59:59.999Z"}, "endTime"),
        ({"endTime": "tomorrow"}, "endTime"),
        ({"endTime": ""}, "endTime"),
        ({"breakTime": -1}, "breakTime"),
        ({"breakTime": 28801}, "breakTime"),
        ({"breakTime": 86401}, "breakTime"),
        ({"breakTime": True}, "breakTime"),
        ({"breakTime": None}, "breakTime"),
        ({"notes": None}, "notes"),
        ({"notes": "x" * 2001}, "notes"),
        ({"pause": 5}, "pause"),
        ({"break_seconds": 5}, "break_seconds"),
        ({"breakStartedAt": None}, "breakStartedAt"),
    ],
)
def test_wrong_field_is_refused(api, alice, given, field):
    row = log(alice, NINE - timedelta(days=1), notes="As it was")
    before = stored(row)
    moved = SHIFT | given if "Time" in field else given

    created = api.post(LOGS, SHIFT | given)
    changed = api.patch(path_of(row), moved)

    assert fields_of(created) == {field}
    assert fields_of(changed) == {field}
    assert stored(row) == before
    assert WorkLog.objects.count() == 1


@pytest.mark.parametrize("name", ["startTime", "endTime"])
def test_new_log_needs_its_times(api, name):
    body = {key: value for key, value in SHIFT.items() if key != name}

    assert fields_of(api.post(LOGS, body)) == {name}


def test_end_alone_is_not_put_before_the_start(api, alice):
    row = log(alice, break_seconds=3600)
    before = stored(row)

    response = api.patch(path_of(row), {"endTime": "2026-02-02T08:00:00Z"})

    assert fields_of(response) == {"endTime"}
    assert stored(row) == before


def test_log_is_not_made_shorter_than_its_break(api, alice):
    row = log(alice, break_seconds=3600)
    half = {"endTime": "2026-02-02T09:30:00Z"}

    refused = api.patch(path_of(row), half)
    taken = api.patch(path_of(row), half | {"breakTime": 60})

    assert fields_of(refused) == {"breakTime"}
    assert taken.status_code == 200
    assert (taken.json()["duration"], taken.json()["breakTime"]) == (1800, 60)


@pytest.mark.parametrize("name", ["startTime", "endTime"])
def test_work_lies_at_most_five_minutes_ahead(api, alice, name):
    now = timezone.now()
    body = {
        "startTime": format_instant(now),
        "endTime": format_instant(now + HOUR / 10),
    }
    if name == "startTime":
        body["startTime"] = body["endTime"]
    near = {name: format_instant(now + HOUR / 15)}

    refused = api.post(LOGS, body)
    taken = api.post(
        LOGS, {"startTime": near[name], **body, **near, "endTime": near[name]}
    )

    assert name in fields_of(refused)
    assert taken.status_code == 201


# Overlaps


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (60, 120),
        (0, 61),
        (119, 180),
        (80, 90),
        (0, 180),
        (60, 90),
        (90, 120),
        (0, None),
        (60, None),
        (119, None),
    ],
)
def test_log_that_overlaps_is_refused(api, alice, start, end):
    log(alice, NINE + HOUR, 1)
    free = log(alice, NINE - HOUR, 0.5)
    before = stored(free)

    created = api.post(LOGS, span(start, end))
    changed = api.patch(path_of(free), span(start, end))

    assert code_of(created) == code_of(changed) == "overlap"
    assert stored(free) == before
    assert WorkLog.objects.count() == 2


@pytest.mark.parametrize(
    ("start", "end"), [(0, 60), (120, 180), (120, None), (60, 60), (90, 90), (120, 120)]
)
def test_log_beside_another_or_without_length_is_taken(api, alice, start, end):
    log(alice, NINE + HOUR, 1)

    response = api.post(LOGS, span(start, end))

    assert response.status_code == 201
    assert WorkLog.objects.count() == 2


def test_log_may_cover_the_time_that_it_had(api, alice):
    row = log(alice, NINE, 1)

    response = api.patch(path_of(row), span(30, 180))

    assert response.status_code == 200


def test_open_log_counts_as_running_for_ever(api, alice):
    log(alice, NINE, None)

    created = api.post(LOGS, span(600, 660))
    before = api.post(LOGS, span(-60, 0))

    assert code_of(created) == "overlap"
    assert before.status_code == 201


def test_logs_of_two_people_may_overlap(api, bob):
    log(bob, NINE, 8)
    log(bob, NINE + 8 * HOUR, None)

    created = api.post(LOGS, span(0, 480))
    opened = api.post(LOGS, span(480, None))

    assert created.status_code == opened.status_code == 201


@pytest.mark.parametrize(
    ("one", "another"),
    [
        # Ids that follow each other, everywhere where parts of them meet.
        ("000000000000000000000000", "000000000000000000000001"),
        ("00000000ffffffffffffffff", "000000010000000000000000"),
        ("000000007fffffffffffffff", "000000008000000000000000"),
        ("7fffffffffffffffffffffff", "800000000000000000000000"),
        ("ffffffffffffffffffffffff", "fffffffffffffffffffffffe"),
    ],
)
def test_no_two_people_have_the_same_numbers(db, one, another):
    people = [User.objects.create(id=pk, name=pk) for pk in (one, another)]
    first = datetime(2, 1, 1, tzinfo=UTC)
    last = datetime(9998, 12, 31, tzinfo=UTC)
    week = timedelta(days=7)

    for user in people:
        log(user, last, None)
        log(user, NINE - week / 2, week / HOUR)
        log(user, first, week / HOUR)
        log(user, last - week, week / HOUR)

    assert WorkLog.objects.count() == 8
    for user in people:
        with pytest.raises(IntegrityError, match="no_overlap"), transaction.atomic():
            log(user, NINE)


# What the database refuses


def test_many_logs_are_written_down_like_single_ones(alice):
    nine = datetime(2026, 2, 2, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    logs = [
        {"started_at": nine, "ended_at": nine + hour, "break_seconds": 60},
        {"started_at": nine + 2 * hour, "notes": "still at it"},
    ]

    number = WorkLog.objects.start_many(user_id=alice.pk, logs=logs)

    running, over = WorkLog.objects.owned_by(alice)
    assert number == 2
    assert (over.duration, over.break_seconds, over.notes) == (3600, 60, "")
    assert (running.ended_at, running.notes) == (None, "still at it")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"minutes": (30, 90)}, Overlap),
        ({"minutes": (90, 60)}, EndsBeforeStart),
        ({"minutes": (60, 61), "break_seconds": 61}, BreakExceedsDuration),
    ],
)
def test_one_wrong_log_among_many_refuses_all(alice, wrong, error):
    nine = datetime(2026, 2, 2, 9, tzinfo=UTC)
    start, end = (nine + timedelta(minutes=n) for n in wrong.pop("minutes"))
    right = {"started_at": nine, "ended_at": nine + timedelta(hours=1)}

    with pytest.raises(error):
        WorkLog.objects.start_many(
            user_id=alice.pk,
            logs=[right, {"started_at": start, "ended_at": end, **wrong}],
        )

    assert not WorkLog.objects.exists()


def test_second_open_log_among_many_is_refused(alice):
    with pytest.raises(AlreadyClockedIn):
        WorkLog.objects.start_many(user_id=alice.pk, logs=[{}, {}])

    assert not WorkLog.objects.exists()


def test_database_refuses_overlapping_logs(alice):
    log(alice)

    with pytest.raises(IntegrityError, match="timeclock_worklog_no_overlap"):
        log(alice, NINE + 8 * HOUR - timedelta(milliseconds=1))


def test_database_refuses_an_end_before_the_start(alice):
    with pytest.raises(IntegrityError, match="timeclock_worklog_ends_after_start"):
        log(alice, NINE, -1)


@pytest.mark.parametrize("seconds", [-1, 86401])
def test_database_refuses_a_break_out_of_range(alice, seconds):
    with pytest.raises(IntegrityError, match=r"_break_(seconds_check|in_range)"):
        log(alice, NINE, 48, break_seconds=seconds)


def test_database_refuses_a_break_longer_than_the_log(alice):
    with pytest.raises(IntegrityError, match="timeclock_worklog_break_within_duration"):
        log(alice, NINE, 1, break_seconds=3601)


def test_logs_go_with_the_account(alice, bob):
    log(alice)
    kept = log(bob)

    alice.delete()

    assert WorkLog.objects.get() == kept


# Any history, against a plain reading of the rule

MINUTE = st.integers(0, 12)
steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "change", "delete"]),
        st.integers(0, 5),
        MINUTE,
        st.none() | MINUTE,
    ),
    max_size=12,
)


def collide(one: tuple, other: tuple) -> bool:
    (a, b), (c, d) = (
        (start, 99 if end is None else end) for start, end in (one, other)
    )
    return a < b and c < d and a < d and c < b


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps)
def test_logs_agree_with_a_plain_list_after_any_history(api, alice, steps):
    WorkLog.objects.all().delete()
    held: dict[str, tuple[int, int | None]] = {}

    for verb, place, start, end in steps:
        pk = list(held)[place] if place < len(held) else NOBODYS
        others = [span for key, span in held.items() if key != pk or verb == "create"]
        if verb == "delete":
            expected = 200 if held.pop(pk, None) else 404
            response = api.delete(path_of(pk))
        else:
            if end is not None and end < start:
                expected = 400
            elif verb == "change" and pk not in held:
                expected = 404
            elif any(collide((start, end), other) for other in others) or (
                end is None and any(other[1] is None for other in others)
            ):
                expected = 409
            else:
                expected = 201 if verb == "create" else 200
            send = api.post if verb == "create" else api.patch
            path = LOGS if verb == "create" else path_of(pk)
            response = send(path, span(start, end))
            if expected < 300:
                held[response.json()["_id"]] = (start, end)

        assert response.status_code == expected, (held, verb, start, end)

    listed = {row["_id"]: row for row in api.get(LOGS).json()}
    assert {key: (row["startTime"], row["endTime"]) for key, row in listed.items()} == {
        key: tuple(span(*value).values()) for key, value in held.items()
    }


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_of_twenty_writers_at_once_none_overlaps(alice):
    random = Random(5)

    def write_some(client, spans):
        statuses = []
        for start, length in spans:
            response = client.post(LOGS, span(start, start + length))
            statuses.append(response.status_code)
            if response.status_code == 201:
                moved = span(start + 3, start + length + 5)
                pk = response.json()["_id"]
                statuses.append(client.patch(path_of(pk), moved).status_code)
        return statuses

    writers = [
        [(random.randrange(300), random.randrange(1, 30)) for _ in range(6)]
        for _ in range(20)
    ]

    answers = run_concurrently(
        *(partial(write_some, client_of(alice), spans) for spans in writers)
    )

    statuses = [status for answer in answers for status in answer]
    assert set(statuses) == {200, 201, 409}
    assert WorkLog.objects.count() == statuses.count(201) > 10
    assert overlapping_rows() == 0


@pytest.mark.django_db(transaction=True)
def test_of_twenty_equal_entries_at_once_one_is_taken(alice):
    clients = [client_of(alice) for _ in range(20)]

    answers = run_concurrently(
        *(partial(client.post, LOGS, SHIFT) for client in clients)
    )

    assert sorted(one.status_code for one in answers) == [201] + [409] * 19
    assert WorkLog.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_writers_past_the_api_do_not_overlap_either(alice):
    other = person("Other")

    def insert(user, start):
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO timeclock_worklog (id, user_id, started_at, ended_at,"
                    " break_seconds, notes, created_at, updated_at) VALUES"
                    " (%s, %s, %s, %s, 0, '', now(), now())",
                    [
                        bytes.fromhex(new_object_id()),
                        bytes.fromhex(user.pk),
                        start,
                        start + HOUR,
                    ],
                )
        except (IntegrityError, OperationalError):  # The other may be a deadlock.
            return False
        return True

    wrote = run_concurrently(
        *(partial(insert, alice, NINE + n * timedelta(minutes=70)) for n in range(5)),
        *(partial(insert, other, NINE) for _ in range(2)),
    )

    assert wrote[:5] == [True] * 5
    assert sorted(wrote[5:]) == [False, True]
    assert overlapping_rows() == 0


@pytest.mark.django_db(transaction=True)
def test_stop_and_correction_at_once_leave_one_closed_log(alice):
    row = log(alice, NINE, None)
    clients = [client_of(alice) for _ in range(8)]
    calls = [
        partial(one.post, "/api/clock/stop")
        if n % 2
        else partial(one.patch, path_of(row), {"endTime": SHIFT["endTime"]})
        for n, one in enumerate(clients)
    ]

    answers = run_concurrently(*calls)

    assert {one.status_code for one in answers} <= {200, 409}
    row.refresh_from_db()
    assert row.ended_at is not None
    assert WorkLog.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_log_that_is_deleted_while_it_changes_is_not_found(alice):
    for _ in range(5):
        log = WorkLog.objects.start(user_id=alice.pk)

        changed, deleted = run_concurrently(
            partial(client_of(alice).patch, path_of(log.pk), {"notes": "Late"}),
            partial(client_of(alice).delete, path_of(log.pk)),
        )

        assert changed.status_code in (200, 404)
        assert deleted.status_code == 200
        assert not WorkLog.objects.exists()
