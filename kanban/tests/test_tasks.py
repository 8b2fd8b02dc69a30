from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unicodedata import normalize

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from focusmaster.exceptions import OwnerGone
from kanban.models import Task
from kanban.ordering import MAX_POSITION
from kanban.serializers import TaskSerializer

TASKS = "/api/tasks"

PUBLISHED = {
    "title": "Implement feature X",
    "description": "Add new authentication flow",
    "status": "todo",
    "priority": "high",
    "tags": ["backend", "auth"],
    "estimatedPomodoros": 4,
}

# Text that would break JSON, SQL or a format string put together by hand.
AWKWARD = [
    "quote \" backslash \\ slash / ' '' ; -- $1 $$ %s %(x)s %% {0} {} ${y} \\u0041",
    "emoji 👩‍👩‍👧‍👦 \U0001f345 plane 16 \U0010ffff no character \ufffe\uffff",
    "left to right \u200eabc\u200f line \u2028 paragraph \u2029 byte order \ufeff .",
    'null"}],{"_id":"x',
]


def path_of(task: Task | str) -> str:
    return f"{TASKS}/{getattr(task, 'pk', task)}"


def stored(task: Task) -> dict:
    return Task.objects.values().get(pk=task.pk)


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
    return Task.objects.add(user=alice, title="Write", tags=["a"], category="Home")


# What works


def test_published_task_is_created_with_every_field(api, alice):
    response = api.post(TASKS, PUBLISHED)

    assert response.status_code == 201
    body = response.json()
    row = Task.objects.get()
    assert row.user == alice
    assert body == {
        **PUBLISHED,
        "_id": row.pk,
        "user": alice.pk,
        "isCompleted": False,
        "category": "Work",
        "completedPomodoros": 0,
        "deadline": None,
        "dueDate": None,
        "isAllDay": False,
        "position": 0,
        "completedAt": None,
        "createdAt": body["updatedAt"],
        "updatedAt": body["updatedAt"],
    }
    assert body["createdAt"].endswith("Z")
    assert timezone.now() - row.created_at < timedelta(minutes=1)
    assert row.tags == ["backend", "auth"]


def test_title_alone_makes_a_task(api):
    response = api.post(TASKS, {"title": " Write \n"})

    assert response.status_code == 201
    body = response.json()
    assert body["title"] == "Write"
    assert body["description"] == ""
    assert body["status"] == "todo"
    assert body["priority"] == "medium"
    assert body["tags"] == []
    assert body["category"] == "Work"
    assert body["estimatedPomodoros"] == 1


def test_task_reads_the_same_created_listed_alone_and_changed(api):
    created = api.post(TASKS, PUBLISHED).json()

    listed = api.get(TASKS).json()
    alone = api.get(path_of(created["_id"]))
    changed = api.put(path_of(created["_id"]), {"title": "Implement feature X"}).json()

    assert listed == [created]
    assert alone.status_code == 200
    assert alone.json() == created
    assert changed == created | {"updatedAt": changed["updatedAt"]}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_change_touches_only_what_is_given(api, task, method):
    before = stored(task)

    response = getattr(api, method)(path_of(task), {"priority": "low", "tags": ["b"]})

    assert response.status_code == 200
    assert response.json()["priority"] == "low"
    after = stored(task)
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after.pop("search_text") != before.pop(
        "search_text"
    )  # made of the tags, too
    assert after == before | {"priority": "low", "tags": ["b"]}


def test_deleted_task_is_gone(api, task):
    response = api.delete(path_of(task))

    assert response.status_code == 200
    assert response.json() == {"message": "Task deleted successfully", "id": task.pk}
    assert not Task.objects.exists()
    assert api.delete(path_of(task)).status_code == 404


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ({"title": "t" * 120}, {"title": "t" * 120}),
        ({"title": " " + "\U0001f345" * 120 + " "}, {"title": "\U0001f345" * 120}),
        ({"description": "d" * 2000}, {"description": "d" * 2000}),
        ({"description": " kept as it is\n"}, {"description": " kept as it is\n"}),
        ({"description": ""}, {"description": ""}),
        ({"category": "c" * 120}, {"category": "c" * 120}),
        ({"category": ""}, {"category": ""}),
        ({"tags": []}, {"tags": []}),
        ({"tags": ["b", "a", "b", " a "]}, {"tags": ["b", "a"]}),
        ({"tags": ["t" * 50]}, {"tags": ["t" * 50]}),
        ({"tags": [f"{n}" for n in range(20)] * 2}, {"tags": [*map(str, range(20))]}),
        ({"estimatedPomodoros": 1}, {"estimatedPomodoros": 1}),
        ({"estimatedPomodoros": 100}, {"estimatedPomodoros": 100}),
        ({"estimatedPomodoros": 2.0}, {"estimatedPomodoros": 2}),
        ({"completedPomodoros": 0}, {"completedPomodoros": 0}),
        ({"completedPomodoros": 1000}, {"completedPomodoros": 1000}),
        ({"isAllDay": True}, {"isAllDay": True}),
        ({"priority": "low"}, {"priority": "low"}),
        ({"deadline": None, "dueDate": None}, {"deadline": None, "dueDate": None}),
        ({"deadline": "2026-02-28"}, {"deadline": "2026-02-28T00:00:00Z"}),
        ({"dueDate": "02-28-2026"}, {"dueDate": "2026-02-28T00:00:00Z"}),
        (
            {"dueDate": "2026-02-28T23:30:00.1239-03:30"},
            {"dueDate": "2026-03-01T03:00:00.123Z"},
        ),
        ({"deadline": "0002-01-01"}, {"deadline": "0002-01-01T00:00:00Z"}),
        ({"deadline": "9998-12-31"}, {"deadline": "9998-12-31T00:00:00Z"}),
    ],
)
def test_field_is_taken_up_to_its_limits(api, task, given, answered):
    created = api.post(TASKS, {"title": "Write"} | given)
    changed = api.patch(path_of(task), given)

    assert created.status_code == 201, created.json()
    assert changed.status_code == 200, changed.json()
    for body in (created.json(), changed.json()):
        assert body | answered == body
        assert api.get(path_of(body["_id"])).json() == body


# Text


@pytest.mark.parametrize("text", AWKWARD)
def test_text_comes_back_exactly(api, text):
    given = {
        "title": text,
        "description": text,
        "category": text,
        "tags": [text[:50].strip()],
    }

    created = api.post(TASKS, given)

    assert created.status_code == 201
    body = json.loads(created.content.decode())
    assert {name: body[name] for name in given} == given
    row = Task.objects.get()
    assert (row.title, row.description, row.tags) == (text, text, given["tags"])
    assert api.get(TASKS).content == b"[%b]" % created.content
    assert api.get(path_of(row)).content == created.content


storable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.integers(-62_104_060_800_000, 253_370_764_799_999).map(
    lambda ms: EPOCH + timedelta(milliseconds=ms)  # From year 2 to 9998.
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    title=storable.filter(bool),
    description=storable,
    category=storable,
    tags=st.lists(storable.filter(bool), max_size=4),
    position=st.floats(-MAX_POSITION, MAX_POSITION),
    deadline=st.none() | instants,
    due_date=st.none() | instants,
    status=st.sampled_from(Task.Status.values),
    priority=st.sampled_from(Task.Priority.values),
    estimated_pomodoros=st.integers(1, 100),
    pomodoro_correction=st.integers(-5, 1500),
    is_all_day=st.booleans(),
)
def test_any_row_reads_as_the_serializer_has_it(api, alice, **fields):
    for name, limit in [("title", 120), ("description", 2000), ("category", 120)]:
        fields[name] = fields[name][:limit]
    fields["tags"] = [tag[:50] for tag in fields["tags"]]
    done_at = fields["due_date"] or timezone.now()
    fields["completed_at"] = done_at if fields["status"] == "done" else None
    task = Task.objects.create(user=alice, **fields)
    task.refresh_from_db()

    response = api.get(path_of(task))

    assert json.loads(response.content.decode()) == TaskSerializer(task).data


printed = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)
words = printed.map(lambda text: normalize("NFC", f"a{text}")[:50])
arrayish = st.sampled_from(["NULL", "{}", "{a,b}", ",", '"', "\\", '\\"', "a b", "'"])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    title=words,
    description=st.just("") | words,
    tags=st.lists(words | arrayish, max_size=6, unique=True),
)
def test_any_text_that_is_sent_comes_back(api, title, description, tags):
    sent = {"title": title, "description": description, "tags": tags}

    created = api.post(TASKS, sent)
    changed = api.put(path_of(created.json()["_id"]), sent)

    for response in (created, changed):
        body = json.loads(response.content.decode())
        assert {name: body[name] for name in sent} == sent
    row = Task.objects.get(pk=body["_id"])
    assert [row.title, row.description, row.tags] == [*sent.values()]


# Status, isCompleted and completedAt


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"status": "done"}, "done"),
        ({"isCompleted": True}, "done"),
        ({"isCompleted": False}, "todo"),
        ({"isCompleted": True, "status": "done"}, "done"),
        ({"isCompleted": False, "status": "in-progress"}, "in-progress"),
    ],
)
def test_new_task_is_completed_exactly_when_done(api, given, status):
    response = api.post(TASKS, {"title": "Write"} | given)

    assert response.status_code == 201
    body = response.json()
    assert body["status"] == status
    assert body["isCompleted"] is (status == "done")
    assert body["completedAt"] == (body["createdAt"] if status == "done" else None)


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ("todo", {"isCompleted": True}, "done"),
        ("in-progress", {"isCompleted": True}, "done"),
        ("in-progress", {"status": "done"}, "done"),
        ("done", {"isCompleted": False}, "todo"),
        ("done", {"status": "in-progress"}, "in-progress"),
        ("done", {"isCompleted": False, "status": "in-progress"}, "in-progress"),
        ("in-progress", {"isCompleted": False}, "in-progress"),
        ("todo", {"isCompleted": False}, "todo"),
        ("todo", {"isCompleted": True, "status": "done"}, "done"),
        ("done", {"title": "Same"}, "done"),
    ],
)
def test_status_and_completion_change_together(
    api, alice, method, before, given, after
):
    task = Task.objects.add(user=alice, title="Write", status=before)

    response = getattr(api, method)(path_of(task), given)

    assert response.status_code == 200
    body = response.json()
    assert body["status"] == after
    assert body["isCompleted"] is (after == "done")
    assert (body["completedAt"] is None) is (after != "done")
    assert stored(task)["status"] == after


@pytest.mark.parametrize("given", [{"status": "done"}, {"isCompleted": True}])
def test_task_that_is_done_keeps_the_moment_when_it_was(api, alice, given):
    at = datetime(2026, 2, 2, 10, tzinfo=UTC)
    task = Task.objects.add(user=alice, title="Write", status="done", at=at)

    response = api.patch(path_of(task), given)

    assert response.json()["completedAt"] == "2026-02-02T10:00:00Z"
    assert stored(task)["completed_at"] == at


@pytest.mark.parametrize("method", ["post", "put", "patch"])
@pytest.mark.parametrize(
    "given",
    [
        {"status": "done", "isCompleted": False},
        {"status": "todo", "isCompleted": True},
        {"status": "in-progress", "isCompleted": True},
    ],
)
def test_status_and_completion_must_agree(api, task, method, given):
    before = stored(task)
    path = TASKS if method == "post" else path_of(task)

    response = getattr(api, method)(path, {"title": "Other"} | given)

    assert fields_of(response) == {"isCompleted"}
    assert list(Task.objects.values()) == [before]


# Position


def test_new_card_is_on_top_of_its_column_only(api, alice, bob):
    Task.objects.add(user=bob, title="his")

    positions = {
        title: api.post(TASKS, {"title": title, "status": status}).json()["position"]
        for title, status in [
            ("bottom", "todo"),
            ("done", "done"),
            ("middle", "todo"),
            ("top", "todo"),
        ]
    }

    assert positions["top"] < positions["middle"] < positions["bottom"]
    assert positions["done"] == positions["bottom"] == 0


def test_many_cards_are_put_on_the_board_as_one_after_the_other(alice, bob):
    at = datetime(2026, 2, 2, 10, tzinfo=UTC)
    cards = [
        {"title": "A", "at": at},
        {"title": "B", "is_completed": True, "completed_pomodoros": 3, "at": at},
        {"title": "C", "tags": ["one", 'two"'], "deadline": at, "at": at},
        {"title": "D", "status": "in-progress", "due_date": at, "at": at},
    ]
    for user in (alice, bob):
        Task.objects.add(user=user, title="First", at=at)

    number = Task.objects.add_many(user=alice, cards=cards)
    for card in cards:
        Task.objects.add(user=bob, **card)

    added, expected = (
        [
            {
                name: value
                for name, value in row.items()
                if name not in ("id", "user_id")
            }
            for row in Task.objects.owned_by(user).order_by("title").values()
        ]
        for user in (alice, bob)
    )
    assert number == 4
    assert added == expected


def test_many_cards_of_a_deleted_account_are_refused(alice):
    User.objects.filter(pk=alice.pk).delete()

    with pytest.raises(OwnerGone):
        Task.objects.add_many(user=alice, cards=[{"title": "A"}])

    assert not Task.objects.exists()


# Refusals

WRONG = [
    ("title", [None, "", "  \n", "t" * 121, 1, True, ["a"], {"a": 1}]),
    ("description", [None, "d" * 2001, 1, False, [], {}]),
    ("status", [None, "", "Done", "done\n", "in progress", 1, True, ["done"], {}]),
    ("isCompleted", [None, "true", "", 1, 0, [], {}]),
    ("priority", [None, "", "urgent", "HIGH", "high ", 3, ["high"], {}]),
    ("tags", [None, "backend", 1, {"a": 1}, [f"{n}" for n in range(21)]]),
    ("category", [None, "c" * 121, 1, [], {}]),
    (
        "estimatedPomodoros",
        [None, 0, 101, -1, 0.4, 100.5, "4", "1_0", "\u0664", "", True, [4], {}, 10**30],
    ),
    (
        "completedPomodoros",
        [None, -1, 1001, -0.5, 1000.5, "4", "", False, [4], {}, 1e300],
    ),
    *(
        (
            name,
            [
                "",
                "tomorrow",
                "2026-02-02T10:00:00",
                "2026-02-02 10:00:00Z",
                "2026-02-02T10:00Z",
                "2026-02-02T10:00:00Z\n",
                "2026-02-02\n",
                "2026-02-30",
                "02-30-2026",
                "13-01-2026",
                "2/28/2026",
                "2026-2-28",
                "\u0662\u0660\u0662\u0666-02-02",
                "2026-02-02T24:00:00Z",
                "2026-02-02T10:00:61Z",
                "2026-02-02T10:00:00+24:00",
                "0001-12-31T23:59:59Z",
                "9999-01-01T00:00:00Z",
                "0001-01-01",
                "12-31-9999",
                1770026400,
                True,
                [],
                {},
            ],
        )
        for name in ("deadline", "dueDate")
    ),
    ("isAllDay", [None, "true", 1, [], {}]),
]


@pytest.mark.parametrize("method", ["post", "put"])
@pytest.mark.parametrize(("field", "values"), WRONG)
def test_wrong_value_is_refused_by_its_field(api, task, method, field, values):
    before = stored(task)
    path = TASKS if method == "post" else path_of(task)

    for value in values:
        response = getattr(api, method)(path, {"title": "Other", field: value})

        assert fields_of(response) == {field}, value
    assert list(Task.objects.values()) == [before]


def test_wrong_tag_is_refused_by_its_place(api):
    for tag in [None, "", " ", "t" * 51, 1, True, ["a"], {}]:
        response = api.post(TASKS, {"title": "Write", "tags": ["fine", tag]})

        assert fields_of(response) == {"tags.1"}, tag
    assert not Task.objects.exists()


def test_title_is_required_of_a_new_task(api):
    response = api.post(TASKS, {"description": "no title"})

    assert fields_of(response) == {"title"}
    assert not Task.objects.exists()


def test_every_wrong_field_is_named_at_once(api):
    response = api.post(TASKS, {"status": "open", "priority": 1, "tags": None})

    assert fields_of(response) == {"title", "status", "priority", "tags"}


@pytest.mark.parametrize("field", ["title", "description", "category", "deadline"])
def test_text_that_cannot_be_stored_is_refused(api, field):
    for text in [rb"a\u0000", rb"a\ud83c", b"a\xed\xa0\xbc", b"a\x00", b"a\xff"]:
        body = b'{"%b": "%b"}' % (field.encode(), text)
        response = api.generic("POST", TASKS, body, content_type="application/json")

        assert response.status_code == 400, text
    assert not Task.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_change_of_nothing_is_refused(api, task, method, body):
    before = stored(task)

    response = api.generic(
        method.upper(), path_of(task), body, content_type="application/json"
    )

    assert fields_of(response) == {""}
    assert stored(task) == before


# Queries


@pytest.mark.parametrize(
    ("method", "path", "body", "queries"),
    [
        # The caller, the owner's lock, the top of the column, the task, its JSON. Two
        # more are a savepoint and its end, which only a test needs.
        ("post", "", PUBLISHED, 5 + 2),
        ("get", "/{id}", None, 2),
        ("put", "/{id}", {"title": "Other"}, 4 + 2),
        # One more for the top of another column.
        ("patch", "/{id}", {"status": "done", "completedPomodoros": 3}, 5 + 2),
        # The lock, the task, its sessions and the deletion, in a transaction.
        ("delete", "/{id}", None, 5 + 2),
    ],
)
def test_queries_of_a_call(
    api, task, django_assert_num_queries, method, path, body, queries
):
    with django_assert_num_queries(queries):
        response = getattr(api, method)(TASKS + path.format(id=task.pk), body)

    assert response.status_code in (200, 201)
