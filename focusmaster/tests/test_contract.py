"""What API.md promises of every resource that belongs to a user.

A resource that comes later gets a line in RESOURCES. What is particular to one is
tested in its app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

UNKNOWN = "0" * 24
MALFORMED = [
    *("507f1f77bcf86cd79943901", "507F1F77BCF86CD799439011", "x" * 24, "1%0A"),
    *("1", "nonsense"),
]
NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Resource:
    url: str
    model: type[Model]
    # Make a row by the verb that production uses, as many days old.
    make: Callable[[User, int], Model]
    # The methods that an object has.
    methods: tuple[str, ...]
    # A valid body of a new row and of a change; a number tells rows apart.
    body: Callable[[int], dict[str, Any]] | None = None
    change: Callable[[int], dict[str, Any]] | None = None
    # What else can be read.
    reads: tuple[str, ...] = ("",)
    # Names of no field that look like one.
    unknown: tuple[str, ...] = ()
    # What only the server sets, and which of that may be null.
    set_by_server: tuple[str, ...] = ("_id", "user", "createdAt", "updatedAt")
    may_be_null: tuple[str, ...] = ()

    def path_of(self, row: Model | str, suffix: str = "") -> str:
        return f"{self.url}/{getattr(row, 'pk', row)}{suffix}"

    def stored(self) -> list[dict]:
        return list(self.model.objects.order_by("pk").values())

    def calls(self, row: Model | str, suffix: str = "") -> list[tuple]:
        """Return method, path and body of each endpoint of an object."""
        path = self.path_of(row, suffix)
        change = self.change and self.change(0)
        return [
            (method, path, change if method in ("put", "patch") else None)
            for method in self.methods
        ]

    def all_calls(self, row: Model, suffix: str = "") -> list[tuple]:
        """Return those of the list and of new rows, too."""
        calls = [("get", f"{self.url}{read}{suffix}", None) for read in self.reads]
        if self.body:
            calls.append(("post", f"{self.url}{suffix}", self.body(1)))
        return calls + self.calls(row, suffix)


def make_task(user: User, age: int) -> Task:
    return Task.objects.add(user=user, title=f"Task {age}", at=NOON - age * DAY)


def make_session(user: User, age: int) -> PomodoroSession:
    block = {"type": "focus", "duration": 1500, "started_at": NOON - age * DAY}
    return PomodoroSession.objects.log(user_id=user.pk, **block)[0]


def make_log(user: User, age: int) -> WorkLog:
    start = NOON - age * DAY
    return WorkLog.objects.start(
        user_id=user.pk, started_at=start, ended_at=start + 8 * HOUR
    )


def make_device(user: User, age: int) -> SignIn:
    row = SignIn.objects.start(user=user, user_agent="", ip_address=None)
    SignIn.objects.filter(pk=row.pk).update(last_used_at=timezone.now() - age * HOUR)
    return row


def times(day: int) -> dict[str, str]:
    return {
        "startTime": f"2026-03-{day + 1:02}T10:00:00Z",
        "endTime": f"2026-03-{day + 1:02}T10:25:00Z",
    }


TASKS = Resource(
    "/api/tasks",
    Task,
    make_task,
    methods=("get", "put", "patch", "delete"),
    body=lambda n: {"title": f"{n}", "tags": ["a"], "deadline": "2026-05-01"},
    change=lambda n: {"title": f"Rewrite {n}"},
    unknown=("titel", "Title", "is_completed", "session_count", "id", "__proto__"),
    set_by_server=("_id", "user", "completedAt", "createdAt", "updatedAt"),
    may_be_null=("completedAt",),
)
SESSIONS = Resource(
    "/api/sessions",
    PomodoroSession,
    make_session,
    methods=("get", "patch", "delete"),
    body=lambda n: {"type": "focus", "duration": 1500, **times(n)},
    change=lambda n: {"duration": 60 + n},
    reads=("", "/stats"),
    unknown=("durration", "starttime", "taskId", "started_at", "id", "points"),
    set_by_server=("_id", "user", "tag", "createdAt", "updatedAt"),
    may_be_null=("tag",),
)
LOGS = Resource(
    "/api/clock/logs",
    WorkLog,
    make_log,
    methods=("get", "patch", "delete"),
    body=lambda n: {"notes": f"Day {n}", **times(n)},
    change=lambda n: {"notes": f"Night {n}"},
    reads=("", ".csv"),
    unknown=("pause", "break_seconds", "breakStartedAt", "id"),
)
DEVICES = Resource("/api/auth/devices", SignIn, make_device, methods=("delete",))

RESOURCES = {"tasks": TASKS, "sessions": SESSIONS, "logs": LOGS, "devices": DEVICES}
EDITABLE = {name: one for name, one in RESOURCES.items() if one.change}


def each(resources: dict[str, Resource]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("resource", resources.values(), ids=resources.keys())


def send(client: APIClient, method: str, path: str, body: Any, **headers: str):
    response = getattr(client, method)(path, body, **headers)
    if response.streaming:
        response.getvalue()  # Closes the file.
    return response


def fields_of(response) -> set[str]:
    assert response.status_code == 400, response.content
    return {error["field"] for error in response.json()["errors"]}


def ids_of(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["_id"] for row in response.json()]


# Who may


@each(RESOURCES)
def test_anonymous_caller_is_unauthorized(anonymous, alice, resource):
    row = resource.make(alice, 0)
    before = resource.stored()

    for method, path, body in resource.all_calls(row):
        response = send(anonymous, method, path, body)

        assert response.status_code == 401, (method, path)
        assert response.json()["message"] == "Not authorized, token failed"
    assert resource.stored() == before


@each(RESOURCES)
def test_row_of_another_user_is_not_found_like_an_unknown_one(alice, bob, resource):
    row, his = resource.make(alice, 0), client_of(bob)
    before = resource.stored()

    for call, unknown_call in zip(
        resource.calls(row), resource.calls(UNKNOWN), strict=True
    ):
        foreign, unknown = send(his, *call), send(his, *unknown_call)

        assert foreign.status_code == unknown.status_code == 404, call
        differs = {"requestId": None}
        assert foreign.json() | differs == unknown.json() | differs
        assert foreign.json()["message"] == "Resource not found"
    assert resource.stored() == before


@each(RESOURCES)
@pytest.mark.parametrize("malformed", MALFORMED)
def test_malformed_id_is_not_found(api, resource, malformed):
    before = resource.stored()

    for call in resource.calls(malformed):
        response = send(api, *call)

        assert response.status_code == 404, call
        assert response.json()["code"] == "not_found"
    assert resource.stored() == before


# Lists


@each(RESOURCES)
def test_list_is_newest_first_and_only_ones_own(api, alice, bob, resource):
    old = set(resource.model.objects.values_list("pk", flat=True))
    second, third, first = (resource.make(alice, age) for age in (2, 3, 1))
    resource.make(bob, 1)

    listed = ids_of(api.get(resource.url))

    assert [pk for pk in listed if pk not in old] == [first.pk, second.pk, third.pk]


@each(EDITABLE)
def test_list_is_empty_at_first(api, resource):
    response = api.get(resource.url)

    assert response.status_code == 200
    assert response.content == b"[]"


@each(RESOURCES)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_list_takes_two_queries_whatever_its_length(
    api, alice, django_assert_num_queries, resource, count
):
    before = resource.model.objects.count()
    for age in range(count):
        resource.make(alice, age)

    with django_assert_num_queries(2):  # The sign-in and the list.
        response = api.get(resource.url)

    assert len(ids_of(response)) == before + count


# Bodies


@each(EDITABLE)
def test_unknown_field_is_named(api, alice, resource):
    row = resource.make(alice, 0)
    before = resource.stored()

    for name in resource.unknown:
        created = api.post(resource.url, resource.body(0) | {name: "x"})

        assert fields_of(created) == {name}
        for method, path, body in resource.calls(row):
            if body:
                assert fields_of(send(api, method, path, body | {name: "x"})) == {name}
    assert resource.stored() == before


@each(EDITABLE)
def test_object_can_be_sent_back_as_it_came(api, resource):
    created = api.post(resource.url, resource.body(0)).json()
    path = resource.path_of(created["_id"])

    for method in {"put", "patch"} & {*resource.methods}:
        response = send(api, method, path, api.get(path).json())

        assert response.status_code == 200
        assert response.json() == created | {"updatedAt": response.json()["updatedAt"]}


@each(EDITABLE)
def test_what_the_server_sets_is_ignored(api, alice, resource):
    row = resource.make(alice, 0)
    mine = resource.model.objects.filter(pk=row.pk)
    before = mine.values().get()
    values = ["507f1f77bcf86cd799439011", 7.5, None, {"a": []}]

    for name in resource.set_by_server:
        for value in values:
            created = api.post(resource.url, resource.body(0) | {name: value})
            changed = api.patch(resource.path_of(row), {name: value})

            assert created.status_code == 201
            assert created.json()[name] != value or name in resource.may_be_null
            assert changed.status_code == 200
            api.delete(resource.path_of(created.json()["_id"]))
    assert mine.values().get() | {"updated_at": None} == before | {"updated_at": None}


@each(EDITABLE)
def test_body_that_is_no_object_is_refused(api, alice, resource):
    row = resource.make(alice, 0)
    before = resource.stored()
    calls = [("post", resource.url, True), *resource.calls(row)]
    writes = [(method.upper(), path) for method, path, body in calls if body]

    for body in [b"[]", b"null", b'"title"', b"1", b"true", b'[{"title": "Other"}]']:
        for method, path in writes:
            response = api.generic(method, path, body, content_type="application/json")

            assert fields_of(response) == {""}
    assert resource.stored() == before


# ETags


@each(EDITABLE)
def test_object_that_the_client_has_is_not_sent_again(api, alice, resource):
    path = resource.path_of(resource.make(alice, 0))
    tag = api.get(path)["ETag"]

    same = api.get(path, HTTP_IF_NONE_MATCH=tag)
    api.patch(path, resource.change(1))
    changed = api.get(path, HTTP_IF_NONE_MATCH=tag)

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@each(EDITABLE)
def test_object_is_written_only_as_it_was_read(api, alice, resource):
    row = resource.make(alice, 0)
    path = resource.path_of(row)
    old = api.get(path)["ETag"]
    api.patch(path, resource.change(1))
    before = resource.stored()

    for call in resource.calls(row):
        if call[0] != "get":
            late = send(api, *call, HTTP_IF_MATCH=old)

            assert late.status_code == 412, call
            assert late.json()["code"] == "precondition_failed"
    assert resource.stored() == before

    for call in resource.calls(row):
        if call[0] != "get":
            tag = api.get(path)["ETag"]

            assert send(api, *call, HTTP_IF_MATCH=tag).status_code == 200, call


# URLs


@each(RESOURCES)
def test_slash_at_the_end_makes_no_difference(api, alice, resource):
    rows = [resource.make(alice, age) for age in (1, 2)]

    for plain, slashed in zip(
        resource.all_calls(rows[0]), resource.all_calls(rows[1], "/"), strict=True
    ):
        if plain[0] == "post":
            plain = (*plain[:2], resource.body(2))

        statuses = [send(api, *call).status_code for call in (plain, slashed)]

        assert statuses in ([200, 200], [201, 201]), plain
    for row in rows:  # They are gone.
        assert api.delete(resource.path_of(row)).status_code == 404
