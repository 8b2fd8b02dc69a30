"""Query parameters: every call takes those that it declares, each once (API.md §1)."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlencode

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.api.query_params import MAX_GIVEN, Parameter
from focusmaster.api.viewsets import ApiView
from focusmaster.openapi import document
from focusmaster.tests.people import client_of, person
from focusmaster.tests.routes import ID, api_routes, walk
from focusmaster.views import HealthViewSet
from kanban.models import Task
from moderation.models import Feedback

MANY = {"tag", "status", "priority", "type", "mood", "role", "action"}
# Calls that take whatever the query string has.
EXEMPT = ("/api/spotify/callback", "/api/health", "/api/health/ready")


def refused(client: APIClient, method: str, path: str, query: str) -> list[str]:
    """Return the names that the refusal of a call has."""
    response = client.generic(method.upper(), path, QUERY_STRING=query)
    assert response.status_code == 400, response.getvalue()
    assert response["Content-Type"] == "application/json"
    return [error["field"] for error in response.json()["errors"]]


@cache
def documented() -> dict[tuple[str, str], dict[str, bool]]:
    """Return each call's query parameters, and whether each may be given twice."""
    return {
        (path, method): {
            one["name"]: one["schema"].get("type") == "array"
            for one in operation.get("parameters", ())
            if one["in"] == "query"
        }
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }


@pytest.fixture
def staff(moderator: User) -> APIClient:
    return client_of(moderator)


def test_every_call_refuses_a_parameter_that_it_does_not_take(staff):
    calls = [(f"/{path.strip('/')}", method) for path, method in api_routes()]
    calls = [call for call in calls if call[0] not in EXEMPT]
    assert len(calls) > 80

    for path, method in calls:
        accept = "text/html" if path == "/api/docs" else "*/*"
        url = path.replace("{id}", ID) + "?stauts=done"
        response = staff.generic(method.upper(), url, HTTP_ACCEPT=accept)
        assert response.status_code == 400, (method, path)
        assert response.json()["errors"][0]["field"] == "stauts", (method, path)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/ready"])
def test_monitors_may_add_what_they_like(anonymous, path):
    assert anonymous.get(path, {"t": "1"}).status_code == 200


def test_spotify_may_add_what_it_likes(anonymous, settings):
    settings.SPOTIFY_CLIENT_REDIRECT = ""
    response = anonymous.get("/api/spotify/callback?state=x&code=y&extra=1&extra=2")

    assert b"extra" not in response.content


def test_every_view_of_the_api_takes_its_parameters_at_the_one_place():
    views = walk(get_resolver().url_patterns, lambda one: str(one.pattern))
    classes = {view.cls for path, view in views if path.startswith("api/")}

    assert {one for one in classes if not issubclass(one, ApiView)} == {HealthViewSet}


def test_document_has_what_may_be_given_twice():
    found = [one for parameters in documented().values() for one in parameters.items()]

    assert {name for name, repeats in found if repeats} == MANY
    assert [one for one in found if one[1] != (one[0] in MANY)] == []


def test_every_documented_parameter_is_known_and_no_other(staff):
    names = {name for known in documented().values() for name in known}
    assert {"tag", "range", "tz", "page", "cursor", "actor"} <= names

    for (path, method), known in documented().items():
        if path in EXEMPT or method != "get":
            continue
        for name in names:
            response = staff.get(path.replace("{id}", ID), {name: "\0"})
            told = str(response.json()) if response.status_code == 400 else ""
            is_unknown = "there is no such parameter" in told
            assert is_unknown == (name not in known), (path, name)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/api/tasks", "stauts=done", "stauts"),
        ("/api/tasks", "Status=done", "Status"),
        ("/api/tasks", "range=week", "range"),
        ("/api/tasks", "status[]=done", "status[]"),
        ("/api/tasks", "due=today&due=week", "due"),
        ("/api/tasks", "due=today&due=today", "due"),
        ("/api/tasks", "category=a&category=b", "category"),
        ("/api/tasks", "search=a&%73earch=b", "search"),
        ("/api/tasks", "status=done&status=dnoe", "status"),
        ("/api/tasks", "tag=a%00b", "tag"),
        ("/api/tasks", "tag=a&tag=%00", "tag"),
        ("/api/tasks", "search=%00", "search"),
        ("/api/tasks", "category=" + "x" * 201, "category"),
        ("/api/tasks", "limit=1&cursor=" + "x" * 501, "cursor"),
        ("/api/tasks", "limit=1&cursor=%00", "cursor"),
        ("/api/tasks", "%00=1", "\0"),
        ("/api/tasks", "tag=%ff", "tag"),
        ("/api/tasks", "%ff=1", ""),
        ("/api/tasks", "tag=\xff", "tag"),
        ("/api/tasks", "tag=%ed%a0%80", "tag"),
        ("/api/tasks", "&".join(["tag=a"] * (MAX_GIVEN + 1)), ""),
        ("/api/tasks", "status", "status"),
        ("/api/sessions", "mod=good", "mod"),
        ("/api/sessions", "tz=UTC&tz=Asia/Tokyo", "tz"),
        ("/api/sessions", "type=%00", "type"),
        ("/api/sessions/stats", "limit=1", "limit"),
        ("/api/analytics/streaks", "range=week", "range"),
        ("/api/analytics/distribution", "tz=UTC", "tz"),
        ("/api/analytics/today", "from=2026-01-01", "from"),
        ("/api/clock/logs.csv", "limit=5", "limit"),
        ("/api/clock/logs", "from=2026-01-01&from=2026-01-02", "from"),
        ("/api/auth/me", "fields=name", "fields"),
        ("/api/schema", "format=yaml", "format"),
    ],
)
def test_what_a_call_does_not_take_is_refused_by_name(api, path, query, field):
    assert refused(api, "get", path, query) == [field]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/tasks"),
        ("put", f"/api/tasks/{ID}"),
        ("delete", "/api/auth/profile/stats"),
        ("patch", "/api/auth/me"),
        ("post", f"/api/tasks/{ID}/move"),
    ],
)
def test_writes_take_none(api, alice, method, path):
    assert refused(api, method, path, "status=done") == ["status"]
    assert not Task.objects.filter(user=alice).exists()


def test_head_takes_what_get_does(api):
    assert api.head("/api/tasks?status=done").status_code == 200
    assert api.head("/api/tasks?stauts=done").status_code == 400


@pytest.mark.parametrize("query", ["", "&", "&&"])
def test_empty_query_string_is_none(api, query):
    assert api.get(f"/api/tasks?{query}").status_code == 200


def test_what_comes_before_the_parameters_is_told_first(api, anonymous):
    assert anonymous.get("/api/tasks?x=1").status_code == 401
    assert api.get("/api/nowhere?x=1").status_code == 404
    assert api.post("/api/analytics/today?x=1").status_code == 405
    assert api.get("/api/admin/users?x=1").status_code == 403
    assert api.options("/api/tasks?x=1").status_code == 200


# Given twice


def names(
    client: APIClient, path: str, query: list[tuple[str, str]], key: str
) -> list[str]:
    response = client.get(f"{path}?{urlencode(query)}")
    assert response.status_code == 200, response.content
    return sorted(row[key] for row in response.json())


@pytest.mark.parametrize("page", [[], [("limit", "10")]])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([("tag", "home"), ("tag", "work")], ["b"]),
        ([("tag", "home"), ("tag", "home")], ["a", "b"]),
        ([("tag", "cafe\u0301")], ["c"]),
        ([("tag", " home ")], ["a", "b"]),
        ([("status", "todo"), ("status", "done")], ["a", "c"]),
        ([("status", "done"), ("status", "done")], ["c"]),
        ([("priority", "low"), ("priority", "high")], ["a", "b"]),
        ([("priority", "low"), ("priority", "high"), ("status", "todo")], ["a"]),
        ([("priority", one) for one in ("low", "medium", "high")], ["a", "b", "c"]),
    ],
)
def test_tasks_have_all_the_tags_and_any_of_the_rest(api, alice, query, expected, page):
    for title, fields in {
        "a": {"tags": ["home"], "priority": "low"},
        "b": {"tags": ["work", "home"], "status": "in-progress", "priority": "high"},
        "c": {"tags": ["caf\u00e9"], "status": "done", "priority": "medium"},
    }.items():
        Task.objects.add(user=alice, title=title, **fields)

    assert names(api, "/api/tasks", query + page, "title") == expected


def test_pages_keep_both_of_two(api, alice):
    for n in range(4):
        Task.objects.add(user=alice, title=str(n), priority=["low", "high"][n % 2])
    Task.objects.add(user=alice, title="4", priority="medium")

    first = api.get("/api/tasks?priority=low&priority=high&limit=3&sort=createdAt")
    url = first["Link"].partition("<")[2].partition(">")[0]

    assert [row["title"] for row in first.json()] == ["0", "1", "2"]
    assert [row["title"] for row in api.get(url).json()] == ["3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([("type", "shortBreak"), ("type", "longBreak")], [60, 120]),
        ([("type", "focus")], [180, 240, 300]),
        ([("mood", "sad"), ("mood", "happy")], [180, 240]),
        ([("mood", "sad"), ("mood", "great"), ("type", "longBreak")], []),
    ],
)
def test_sessions_have_any_of_two(api, alice, query, expected):
    logged = [
        ("shortBreak", ""),
        ("longBreak", ""),
        ("focus", "happy"),
        ("focus", "sad"),
        ("focus", "great"),
    ]
    for n, (kind, mood) in enumerate(logged, 1):
        body = {"type": kind, "duration": 60 * n, "completed": True}
        body["startTime"] = f"2026-02-02T1{n}:00:00Z"
        body |= {"mood": mood} if mood else {}
        response = api.post("/api/sessions", body)
        assert response.status_code == 201, response.content

    assert names(api, "/api/sessions", query, "duration") == expected


def test_feedback_has_any_of_two(staff, alice):
    for kind in ("bug", "feature", "general"):
        Feedback.objects.create(user=alice, type=kind, message=kind)

    path = "/api/admin/feedback"
    query = [("type", "bug"), ("type", "general")]
    assert names(staff, path, query, "type") == ["bug", "general"]
    query += [("status", "open"), ("status", "resolved")]
    assert names(staff, path, query, "type") == ["bug", "general"]


def test_people_have_any_of_two(staff, alice):
    User.objects.filter(pk=alice.pk).update(status="suspended")
    User.objects.filter(pk=person("Carol").pk).update(status="banned")

    def emails(query: str) -> set[str]:
        page = staff.get(f"/api/admin/users?{query}").json()
        return {user["email"] for user in page["users"]}

    both = {"alice@example.com", "carol@example.com"}
    assert emails("status=suspended&status=banned") == both
    assert both <= emails("role=user&role=admin")
    assert emails("status=suspended") == {"alice@example.com"}


def test_audit_log_has_any_of_two(staff, alice):
    user = f"/api/admin/users/{alice.pk}"
    assert staff.patch(f"{user}/ban", {"reason": "spam"}).status_code == 200
    assert staff.patch(f"{user}/unban", {"reason": "sorry"}).status_code == 200
    assert staff.patch(f"{user}/role", {"role": "admin"}).status_code == 200
    query = [("action", "user.banned"), ("action", "user.unbanned")]

    found = names(staff, "/api/admin/audit-logs", query, "action")
    table = staff.get(f"/api/admin/audit-logs.csv?{urlencode(query)}").getvalue()

    assert found == ["user.banned", "user.unbanned"]
    assert b"user.unbanned" in table
    assert b"user.role_changed" not in table


def test_names_are_declared_once():
    views = walk(get_resolver().url_patterns, lambda one: str(one.pattern))
    for path, view in views:
        if path.startswith("api/") and hasattr(view.cls, "parameters"):
            declared: tuple[Parameter, ...] = view.cls.parameters
            assert len({one.name for one in declared}) == len(declared)
