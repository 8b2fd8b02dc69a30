from __future__ import annotations

import gc
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.exceptions import InvalidValue
from kanban.models import Task
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SessionSerializer

SESSIONS = "/api/sessions"
STATS = "/api/sessions/stats"
NOBODYS = "0" * 24
BLOCK_END = "2026-02-02T10:25:00Z"
MALFORMED = ["507f1f77bcf86cd79943901", "507F1F77BCF86CD799439011", "x" * 24, "1%0A"]

TEN = datetime(2026, 2, 2, 10, tzinfo=UTC)
BLOCK = {
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "endTime": BLOCK_END,
    "duration": 1500,
}


def path_of(session: PomodoroSession | str) -> str:
    return f"{SESSIONS}/{getattr(session, 'pk', session)}"


def log(user: User, start: datetime = TEN, **fields) -> PomodoroSession:
    given = {"type": "focus", "duration": 1500, "started_at": start}
    return PomodoroSession.objects.create(user=user, **given | fields)


def stored(session: PomodoroSession) -> dict:
    return PomodoroSession.objects.values().get(pk=session.pk)


def ids_of(response) -> list[str]:
    assert response.status_code == 200, response.json()
    return [session["_id"] for session in response.json()]


def fields_of(response) -> set[str]:
    """The fields that a 400 names, after a look at the shape of the error."""
    body = response.json()
    assert response.status_code == 400, body
    assert body["code"] == "invalid"
    first = body["errors"][0]
    assert body["message"] == ": ".join(
        filter(None, [first["field"], first["message"]])
    )
    return {error["field"] for error in body["errors"]}


@pytest.fixture
def task(alice) -> Task:
    return Task.objects.add(user=alice, title="Write documentation", category="Docs")


@pytest.fixture
def session(alice, task) -> PomodoroSession:
    end = TEN + timedelta(minutes=25)
    return log(alice, ended_at=end, task=task, mood="good")


# What works


def test_published_session_is_created_with_every_field(api, alice, task):
    response = api.post(SESSIONS, BLOCK | {"task": task.pk, "mood": "focused"})

    assert response.status_code == 201
    body = response.json()
    row = PomodoroSession.objects.get()
    assert body == {
        **BLOCK,
        "_id": row.pk,
        "user": alice.pk,
        "task": {"_id": task.pk, "title": "Write documentation"},
        "mood": "focused",
        "tag": "Docs",
        "completed": True,
        "createdAt": body["updatedAt"],
        "updatedAt": body["updatedAt"],
    }
    assert timezone.now() - row.created_at < timedelta(minutes=1)
    assert (row.user, row.task) == (alice, task)
    assert row.started_at == TEN
    assert row.ended_at == TEN + timedelta(minutes=25)


def test_least_session_has_no_task_no_end_and_no_mood(api):
    given = {"type": "shortBreak", "startTime": BLOCK["startTime"], "duration": 300}

    response = api.post(SESSIONS, given)

    assert response.status_code == 201
    body = response.json()
    assert body == body | given
    assert body["completed"] is True
    nothing = ["task", "endTime", "mood", "tag"]
    assert [body[name] for name in nothing] == [None] * 4


def test_session_reads_the_same_created_listed_alone_and_changed(api, task):
    created = api.post(SESSIONS, BLOCK | {"task": task.pk})
    path = path_of(created.json()["_id"])

    listed = api.get(SESSIONS)
    alone = api.get(path)
    changed = api.patch(path, {"mood": None}).json()

    assert listed.content == b"[%b]" % created.content
    assert alone.status_code == 200
    assert alone.content == created.content
    assert changed == created.json() | {"updatedAt": changed["updatedAt"]}


def test_published_change_touches_only_what_is_given(api, session):
    before = stored(session)

    response = api.patch(path_of(session), {"mood": "happy", "duration": 1800})

    assert response.status_code == 200
    assert response.json()["mood"] == "happy"
    assert response.json()["duration"] == 1800
    after = stored(session)
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == before | {"mood": "happy", "duration": 1800}


def test_session_can_be_sent_back_as_it_came(api, session):
    got = api.get(path_of(session)).json()

    response = api.patch(path_of(session), got)

    assert response.status_code == 200
    assert response.json() == got | {"updatedAt": response.json()["updatedAt"]}


def test_change_of_nothing_changes_nothing(api, session):
    before = stored(session)

    response = api.patch(path_of(session), {})

    assert response.status_code == 200
    assert stored(session) | {"updated_at": None} == before | {"updated_at": None}


def test_task_is_taken_off_and_put_on(api, alice, session, task):
    other = Task.objects.add(user=alice, title="Other", category="")

    without = api.patch(path_of(session), {"task": None}).json()
    with_other = api.patch(path_of(session), {"task": other.pk}).json()

    assert (without["task"], without["tag"]) == (None, None)
    assert with_other["task"] == {"_id": other.pk, "title": "Other"}
    assert with_other["tag"] == ""
    assert stored(session)["task_id"] == other.pk


def test_deleted_session_is_gone(api, session):
    response = api.delete(path_of(session))

    assert response.status_code == 200
    assert response.json() == {"message": "Session deleted successfully"}
    assert not PomodoroSession.objects.exists()
    assert api.delete(path_of(session)).status_code == 404


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        *(({"type": word}, {"type": word}) for word in PomodoroSession.Type.values),
        *(({"mood": word}, {"mood": word}) for word in PomodoroSession.Mood.values),
        ({"mood": None}, {"mood": None}),
        ({"task": None}, {"task": None}),
        ({"endTime": None}, {"endTime": None}),
        ({"endTime": BLOCK["startTime"]}, {"endTime": BLOCK["startTime"]}),
        ({"completed": False}, {"completed": False}),
        ({"duration": 0}, {"duration": 0}),
        ({"duration": 86400}, {"duration": 86400}),
        ({"duration": 1500.4}, {"duration": 1500}),
        ({"duration": 1500.5}, {"duration": 1501}),
        ({"duration": 86400.49}, {"duration": 86400}),
        ({"duration": -0.4}, {"duration": 0}),
        ({"duration": 15e2}, {"duration": 1500}),
        (
            {"startTime": "2026-02-02T15:29:59.9999+05:30"},
            {"startTime": "2026-02-02T09:59:59.999Z"},
        ),
        ({"startTime": "2026-02-02t10:00:00z"}, {"startTime": BLOCK["startTime"]}),
        (
            {"startTime": "2026-02-01T10:00:00.120Z"},
            {"startTime": "2026-02-01T10:00:00.120Z"},
        ),
    ],
)
def test_field_is_taken_up_to_its_limits(api, alice, given, answered):
    session = log(alice, TEN - timedelta(hours=2))

    created = api.post(SESSIONS, BLOCK | given)
    changed = api.patch(path_of(session), given)

    assert created.status_code == 201, created.json()
    assert changed.status_code == 200, changed.json()
    for body in (created.json(), changed.json()):
        assert body == body | answered
        assert api.get(path_of(body["_id"])).json() == body


@pytest.mark.parametrize(
    ("stored_duration", "change", "duration"),
    [
        # It was the difference of the two, and goes along.
        (1500, {"endTime": "2026-02-02T10:10:00Z"}, 600),
        (1500, {"startTime": "2026-02-02T09:00:00Z"}, 5100),
        (1500, {"startTime": "2026-02-02T09:00:00Z", "endTime": None}, 1500),
        (1500, {"startTime": "2026-02-01T11:00:00Z", "endTime": BLOCK_END}, 84_300),
        # It was less, and stays where it still fits.
        (1200, {"endTime": "2026-02-02T11:00:00Z"}, 1200),
        (1200, {"endTime": "2026-02-02T10:20:00Z"}, 1200),
        (1200, {"endTime": "2026-02-02T10:05:00Z"}, 300),
        (1200, {"endTime": "2026-02-02T10:05:00Z", "duration": 1000}, 1000),
        (1500, {"mood": "happy"}, 1500),
    ],
)
def test_change_of_times_moves_the_duration(api, stored_duration, change, duration):
    body = BLOCK | {"endTime": BLOCK_END, "duration": stored_duration}
    made = api.post(SESSIONS, body).json()

    changed = api.patch(path_of(made["_id"]), change)

    assert changed.status_code == 200, changed.json()
    assert changed.json()["duration"] == duration
    totals = api.get(f"{SESSIONS}/stats").json()
    assert totals == {"totalFocusTime": duration, "totalSessions": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"startTime": "2026-02-01T10:24:59Z"}, "startTime"),
        ({"endTime": "2026-02-03T10:00:01Z"}, "endTime"),
        ({"startTime": "0002-01-01T00:00:00Z"}, "startTime"),
    ],
)
def test_times_do_not_move_the_duration_over_a_day(api, change, field):
    made = api.post(SESSIONS, BLOCK | {"endTime": BLOCK_END}).json()

    changed = api.patch(path_of(made["_id"]), change)

    assert changed.status_code == 400
    assert changed.json()["errors"][0]["field"] == field
    assert api.get(path_of(made["_id"])).json() == made


@pytest.mark.parametrize("hours", [24.1, 48, 24 * 365 * 1000])
def test_session_ends_at_most_a_day_ahead(api, hours):
    end = format_instant(timezone.now() + timedelta(hours=hours))

    response = api.post(SESSIONS, BLOCK | {"endTime": end})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "endTime"


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ("2026-02-02T10:25:00Z", 1500),
        ("2026-02-02T12:00:00+02:00", 0),
        ("2026-02-02T10:00:00.499Z", 0),
        ("2026-02-02T10:00:00.500Z", 1),
        ("2026-02-03T10:00:00Z", 86400),
    ],
)
def test_duration_is_the_time_from_start_to_end_where_it_is_left_out(api, end, seconds):
    body = {"type": "focus", "startTime": BLOCK["startTime"], "endTime": end}

    response = api.post(SESSIONS, body)

    assert response.status_code == 201
    assert response.json()["duration"] == seconds
    assert PomodoroSession.objects.get().duration == seconds


def test_start_may_be_a_day_ahead_and_no_more(api, session):
    now = timezone.now()
    near = (now + timedelta(hours=23, minutes=59)).isoformat()
    far = (now + timedelta(hours=24, minutes=1)).isoformat()

    taken = api.post(SESSIONS, {"type": "focus", "startTime": near, "duration": 1})
    refused = api.post(SESSIONS, {"type": "focus", "startTime": far, "duration": 1})
    moved = api.patch(path_of(session), {"startTime": far, "endTime": None})

    assert taken.status_code == 201
    assert fields_of(refused) == fields_of(moved) == {"startTime"}
    assert PomodoroSession.objects.count() == 2


# Text of its task, and every value, in the document that PostgreSQL writes


@pytest.mark.parametrize(
    "text",
    [
        'quote " backslash \\ %s %% {0} \\u0041 \t\n\x01\x1f\x7f',
        "👩‍👩‍👧‍👦 \U0010ffff \u2028\u202e",
        'null"}],{"_id":"x',
    ],
)
def test_text_of_the_task_comes_exactly(api, alice, text):
    task = Task.objects.add(user=alice, title=text, category=text)

    created = api.post(SESSIONS, BLOCK | {"task": task.pk})

    body = json.loads(created.content.decode())
    assert body["task"] == {"_id": task.pk, "title": text}
    assert body["tag"] == text
    assert api.get(SESSIONS).content == b"[%b]" % created.content


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.integers(-62_104_060_800_000, 253_370_764_799_999).map(
    lambda ms: EPOCH + timedelta(milliseconds=ms)  # From year 2 to 9998.
)
storable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    started_at=instants,
    ended_at=st.none() | instants,
    duration=st.integers(0, 86400),
    type=st.sampled_from(PomodoroSession.Type.values),
    mood=st.none() | st.sampled_from(PomodoroSession.Mood.values),
    completed=st.booleans(),
    task=st.none() | st.tuples(storable.filter(bool), storable),
)
def test_any_row_reads_as_the_serializer_has_it(api, alice, task, **fields):
    if fields["ended_at"] and fields["ended_at"] < fields["started_at"]:
        fields["started_at"], fields["ended_at"] = (
            fields["ended_at"],
            fields["started_at"],
        )
    if task:
        title, category = (text[:120] for text in task)
        task = Task.objects.add(user=alice, title=title, category=category)
    session = PomodoroSession.objects.create(user=alice, task=task, **fields)
    session.refresh_from_db()

    response = api.get(path_of(session))

    assert json.loads(response.content.decode()) == SessionSerializer(session).data


# Refusals

INSTANTS_REFUSED = [
    "",
    "yesterday",
    "2026-02-02",
    "02-02-2026",
    "2026-02-02T10:00:00",
    "2026-02-02T10:00:00.123",
    "2026-02-02 10:00:00Z",
    "2026-02-02T10:00Z",
    "2026-02-02T10:00:00Z\n",
    " 2026-02-02T10:00:00Z",
    "2026-02-30T10:00:00Z",
    "2026-02-02T24:00:00Z",
    "2026-02-02T10:00:60Z",
    "2026-02-02T10:00:00+24:00",
    "2026-02-02T10:00:00+0100",
    "\u0662\u0660\u0662\u0666-02-02T10:00:00Z",
    "0001-12-31T23:59:59Z",
    "0002-01-01T00:00:00+00:01",
    "9999-01-01T00:00:00Z",
    "9998-12-31T23:59:59-00:01",
    "0000-01-01T00:00:00Z",
    1770026400,
    1770026400000.5,
    True,
    [],
    {"$date": "2026-02-02T10:00:00Z"},
]
WRONG = [
    ("type", [None, "", "break", "Focus", "focus\n", "short_break", 1, ["focus"], {}]),
    ("startTime", [None, *INSTANTS_REFUSED]),
    ("endTime", [*INSTANTS_REFUSED, "2026-02-02T09:59:59.999Z"]),
    (
        "duration",
        [
            None,
            -1,
            -0.5,
            86401,
            86400.5,
            "1500",
            "1_000",
            "\u0661\u0665\u0660\u0660",
            "",
            True,
            [],
            {},
            1e99,
        ],
    ),
    ("mood", ["", "angry", "Happy", "happy ", 1, True, ["happy"], {}]),
    ("completed", [None, "true", "", 1, 0, [], {}]),
    ("task", ["", *MALFORMED, 1, True, [], NOBODYS]),
]


@pytest.mark.parametrize("method", ["post", "patch"])
@pytest.mark.parametrize(("field", "values"), WRONG)
def test_wrong_value_is_refused_by_its_field(api, session, method, field, values):
    before = stored(session)
    given = BLOCK if method == "post" else {"duration": 60}
    path = SESSIONS if method == "post" else path_of(session)

    for value in values:
        response = getattr(api, method)(path, given | {field: value})

        assert fields_of(response) == {field}, value
    assert list(PomodoroSession.objects.values()) == [before]


@pytest.mark.parametrize(
    ("task", "field"),
    [
        ({}, "task._id"),
        ({"title": "Write documentation"}, "task._id"),
        ({"_id": None}, "task._id"),
        ({"_id": "x"}, "task._id"),
        ({"_id": NOBODYS}, "task"),
        ({"_id": NOBODYS, "titel": "Write documentation"}, "task.titel"),
    ],
)
def test_task_as_an_object_is_looked_at_too(api, task, field):
    response = api.post(SESSIONS, BLOCK | {"task": task})

    assert fields_of(response) == {field}
    assert not PomodoroSession.objects.exists()


@pytest.mark.parametrize("method", ["post", "patch"])
def test_another_users_task_is_refused_like_an_unknown_one(api, bob, session, method):
    his = Task.objects.add(user=bob, title="His")
    before = stored(session)
    path = SESSIONS if method == "post" else path_of(session)

    foreign = getattr(api, method)(path, BLOCK | {"task": his.pk})
    unknown = getattr(api, method)(path, BLOCK | {"task": NOBODYS})

    assert fields_of(foreign) == {"task"}
    differs = {"requestId": None}
    assert foreign.json() | differs == unknown.json() | differs
    assert list(PomodoroSession.objects.values()) == [before]


def test_end_before_the_start_is_refused_when_only_one_of_them_changes(api, session):
    before = stored(session)

    start = api.patch(path_of(session), {"startTime": "2026-02-02T10:25:00.001Z"})
    end = api.patch(path_of(session), {"endTime": "2026-02-02T09:59:59.999Z"})

    assert fields_of(start) == fields_of(end) == {"endTime"}
    assert stored(session) == before


def test_refusal_is_forgotten_with_its_request(api):
    body = BLOCK | {"task": NOBODYS}

    answers = [api.post(SESSIONS, body).status_code for _ in range(3)]

    gc.collect()
    kept = [one for one in gc.get_objects() if issubclass(type(one), InvalidValue)]
    assert answers == [400, 400, 400]
    assert kept == []


@pytest.mark.parametrize("missing", ["type", "startTime"])
def test_required_field_may_not_be_left_out(api, missing):
    body = {name: value for name, value in BLOCK.items() if name != missing}

    response = api.post(SESSIONS, body)

    assert fields_of(response) == {missing}
    assert not PomodoroSession.objects.exists()


@pytest.mark.parametrize("end", [{}, {"endTime": None}])
def test_duration_is_required_without_an_end(api, end):
    body = {"type": "focus", "startTime": BLOCK["startTime"]}

    response = api.post(SESSIONS, body | end)

    assert fields_of(response) == {"duration"}
    assert not PomodoroSession.objects.exists()


def test_time_of_more_than_a_day_needs_a_duration(api):
    body = {
        "type": "focus",
        "startTime": "2026-02-02T10:00:00Z",
        "endTime": "2026-02-03T10:00:00.5Z",
    }

    derived = api.post(SESSIONS, body)
    given = api.post(SESSIONS, body | {"duration": 1500})

    assert fields_of(derived) == {"duration"}
    assert given.status_code == 201


def test_every_wrong_field_is_named_at_once(api):
    response = api.post(SESSIONS, {"type": "nap", "duration": "1", "mood": "angry"})

    assert fields_of(response) == {"type", "startTime", "duration", "mood"}


def test_session_cannot_be_replaced(api, session):
    response = api.put(path_of(session), BLOCK)

    assert response.status_code == 405


# Lists, filters and stats


def test_list_is_filtered_by_type_mood_and_task(api, alice, task):
    plain = log(alice)
    rest = log(alice, type="longBreak", mood="tired")
    on_task = log(alice, task=task, mood="tired")

    found = {
        query: set(ids_of(api.get(f"{SESSIONS}?{query}")))
        for query in [
            "type=focus",
            "type=longBreak",
            "type=shortBreak",
            "mood=tired",
            f"task={task.pk}",
            f"task={NOBODYS}",
            "type=focus&mood=tired",
            f"type=longBreak&task={task.pk}",
            "from=2026-02-02&type=focus&to=2026-02-02",
        ]
    }

    assert [*found.values()] == [
        {plain.pk, on_task.pk},
        {rest.pk},
        set(),
        {rest.pk, on_task.pk},
        {on_task.pk},
        set(),
        {on_task.pk},
        set(),
        {plain.pk, on_task.pk},
    ]


def test_filter_by_another_users_task_finds_nothing(api, bob):
    his = Task.objects.add(user=bob, title="His")
    log(bob, task=his)

    response = api.get(SESSIONS, {"task": his.pk})

    assert ids_of(response) == []


@pytest.mark.parametrize(
    "query",
    ["type=", "type=nap", "type=focus%00", "mood=", "mood=null", "mood=Happy", "tz="],
)
def test_unknown_word_in_a_filter_is_refused(api, query):
    response = api.get(f"{SESSIONS}?{query}")

    assert fields_of(response) == {query.partition("=")[0]}


@pytest.mark.parametrize("malformed", ["", "x", "%00", "507F1F77BCF86CD799439011"])
def test_filter_by_a_malformed_task_is_not_found(api, malformed):
    response = api.get(f"{SESSIONS}?task={malformed}")

    assert response.status_code == 404


def test_stats_add_up_the_focus_sessions_of_all_time(api, alice, bob):
    log(alice, duration=100)
    log(alice, TEN.replace(year=2020), duration=20, completed=False)
    log(alice, duration=3, mood="sad")
    log(alice, type="shortBreak", duration=5000)
    log(bob, duration=7000)

    response = api.get(STATS)

    assert response.status_code == 200
    assert response.json() == {"totalFocusTime": 123, "totalSessions": 3}


def test_stats_of_nothing_are_zero(api):
    response = api.get(STATS)

    assert response.json() == {"totalFocusTime": 0, "totalSessions": 0}


def test_stats_add_up_beyond_32_bits(api, alice):
    day = log(alice, duration=86400)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pomodoro_pomodorosession (id, user_id, type, started_at, "
            "duration, completed, created_at, updated_at) "
            "SELECT substr(sha256(int4send(n)), 1, 12), user_id, type, started_at, "
            "duration, false, created_at, updated_at "
            "FROM pomodoro_pomodorosession, generate_series(2, 25000) AS n "
            "WHERE id = %s",
            [bytes.fromhex(day.pk)],
        )

    response = api.get(STATS)

    assert response.json() == {"totalFocusTime": 2_160_000_000, "totalSessions": 25_000}


# Queries


@pytest.mark.parametrize("count", [0, 1, 30])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        (SESSIONS, 2),  # the sign-in and the list
        (f"{SESSIONS}?range=week", 2),
        (f"{STATS}?range=month", 2),
        (STATS, 1),  # known with the user of the sign-in
    ],
)
def test_lists_and_stats_take_few_queries_whatever_there_is(
    api, alice, task, django_assert_num_queries, path, queries, count
):
    now = timezone.now()
    PomodoroSession.objects.bulk_create(
        PomodoroSession(
            user=alice, task=task, type="focus", started_at=now, duration=60
        )
        for _ in range(count)
    )

    with django_assert_num_queries(queries):
        response = api.get(path)

    assert response.status_code == 200
    if path.startswith(STATS):
        assert response.json()["totalSessions"] == count
    else:
        assert len(response.json()) == count


@pytest.mark.parametrize(
    ("method", "path", "body", "queries"),
    [
        # The caller, the owner's lock, the session, its JSON. Four more are savepoints
        # and their ends, which only a test needs.
        ("post", "", BLOCK, 4 + 4),
        # With a mood, a look for the session that has none yet.
        ("post", "", BLOCK | {"mood": "good"}, 5 + 4),
        ("get", "/{id}", None, 2),
        # The session is read before it is changed.
        ("patch", "/{id}", {"completed": False, "task": None}, 5 + 4),
        # The lock and the deletion, in a transaction.
        ("delete", "/{id}", None, 3 + 2),
    ],
)
def test_queries_of_a_call(
    api, alice, session, django_assert_num_queries, method, path, body, queries
):
    with django_assert_num_queries(queries):
        response = getattr(api, method)(SESSIONS + path.format(id=session.pk), body)

    assert response.status_code in (200, 201)


# What the database refuses by itself


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("pomodoro_session_type_known", {"type": "break"}),
        ("pomodoro_session_mood_known", {"mood": ""}),
        ("pomodoro_session_mood_known", {"mood": "angry"}),
        ("pomodoro_session_duration_in_range", {"duration": 86401}),
        ("pomodoro_pomodorosession_duration_check", {"duration": -1}),
        (
            "pomodoro_session_ends_after_start",
            {"ended_at": TEN - timedelta(milliseconds=1)},
        ),
        ("pomodoro_session_task_of_same_user", {"task_id": NOBODYS}),
    ],
)
def test_database_refuses_a_session_that_breaks(alice, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint):
        log(alice, **fields)


def test_database_refuses_a_session_on_a_task_of_another_user(alice, bob, task):
    with pytest.raises(IntegrityError, match="pomodoro_session_task_of_same_user"):
        log(bob, task=task)


def test_database_refuses_to_move_a_session_to_a_task_of_another_user(bob, session):
    his = Task.objects.add(user=bob, title="His")

    with pytest.raises(IntegrityError, match="pomodoro_session_task_of_same_user"):
        PomodoroSession.objects.update(task=his)


def test_database_refuses_to_give_a_session_with_a_task_to_another_user(bob, session):
    with pytest.raises(IntegrityError, match="pomodoro_session_task_of_same_user"):
        PomodoroSession.objects.update(user=bob)


def test_database_takes_the_task_off_when_it_is_deleted(session):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kanban_task")

    row = stored(session)
    assert row["task_id"] is None
    assert row["user_id"] == session.user_id
