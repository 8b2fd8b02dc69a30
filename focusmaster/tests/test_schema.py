"""The published document against the service: what it promises is what is answered.

A new call needs a line in SENT for each of its good answers, for a 400 and for each of
its other refusals that are its own; everything else here finds it by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from django.contrib.admindocs.views import simplify_regex
from django.core.management import call_command
from django.db import OperationalError, connection
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from rest_framework.test import APIClient

from accounts.models import User
from conftest import PASSWORD, client_of
from focusmaster.schema import document

SCHEMA = "/api/schema"
# No part of what the document is about: itself, and the page that shows it.
LEFT_OUT = {SCHEMA, "/api/docs"}
UNKNOWN_ID = "507f1f77bcf86cd799439011"


@dataclass(frozen=True)
class Sent:
    """A request to a call, by its operationId, and the status of the answer.

    `$tasks` and the like in it are the id of one of alice's rows; in the path it is
    filled in. Of an error the document has to have exactly the answer as an example.
    """

    call: str
    status: int
    body: Any = None
    query: str = ""

    def __str__(self) -> str:
        return f"{self.call}-{self.status}"


JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}
BLOCK = {
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "endTime": "2026-02-02T10:25:00Z",
    "duration": 1500,
    "task": "$tasks",
}
SENT = [
    Sent("register", 201, JOHN),
    Sent("register", 400, JOHN | {"password": "onlyletters"}),
    Sent("register", 409, JOHN | {"email": "ALICE@example.com"}),
    Sent("login", 200, {"email": "alice@example.com", "password": PASSWORD}),
    Sent("login", 400, {"password": PASSWORD}),
    Sent("login", 401, {"email": "alice@example.com", "password": "a wrong one"}),
    Sent("logout", 200),
    Sent("refreshToken", 200),
    Sent("getMe", 200),
    Sent("updateMe", 200, {"name": "Alice B.", "settings": {"theme": "dark"}}),
    Sent("updateMe", 400, {"settings": {"theme": "pink"}}),
    Sent("getProfile", 200),
    Sent("updateProfile", 200, {"picture": "https://example.com/avatar.jpg"}),
    Sent("updateProfile", 400, {"settings": {"theme": "pink"}}),
    Sent("listDevices", 200),
    Sent("signOutDevice", 200),
    Sent("signOutOtherDevices", 200),
    Sent("listTasks", 200),
    Sent("createTask", 201, {"title": "Write", "tags": ["a"], "dueDate": "2026-02-02"}),
    Sent("createTask", 400, {"title": " "}),
    Sent("getTask", 200),
    Sent("putTask", 200, {"status": "done", "deadline": "2026-02-02T10:00:00+01:00"}),
    Sent("putTask", 400, {"status": "done", "isCompleted": False}),
    Sent("updateTask", 200, {"priority": "high", "estimatedPomodoros": 4}),
    Sent("updateTask", 400, {"status": "done", "isCompleted": False}),
    Sent("deleteTask", 200),
    Sent("listSessions", 200),
    Sent("listSessions", 200, query="from=2026-02-02&to=2026-02-08&type=focus"),
    Sent("listSessions", 400, query="range=year"),
    Sent("listSessions", 404, query="task=mine"),
    Sent("createSession", 200, BLOCK | {"mood": "focused"}),
    Sent("createSession", 201, BLOCK | {"type": "shortBreak", "endTime": None}),
    Sent("createSession", 400, BLOCK | {"startTime": "2026-02-02T10:00:00"}),
    Sent("getSession", 200),
    Sent("updateSession", 200, {"mood": "happy", "duration": 1800}),
    Sent("updateSession", 400, {"endTime": "2026-02-02T09:00:00Z"}),
    Sent("deleteSession", 200),
    Sent("getSessionStats", 200),
    Sent("getSessionStats", 400, query="range=week&from=2026-02-02"),
    Sent("getProductivity", 200, query="range=month&tz=Europe/Berlin"),
    Sent("getProductivity", 400, query="from=2001-01-01"),
    Sent("getHealth", 200),
    Sent("getReadiness", 200),
]


# The document, as a client reads it


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    spec: dict[str, Any]

    @property
    def id(self) -> str:
        return self.spec["operationId"]

    @property
    def needs_token(self) -> bool:
        return bool(self.spec["security"]) and {} not in self.spec["security"]

    def body_schema(self) -> dict[str, str] | None:
        if "requestBody" not in self.spec:
            return None
        return reference(*self._place, "requestBody", *JSON_SCHEMA)

    def answer_schema(self, status: int) -> dict[str, str]:
        response = self.spec["responses"].get(str(status))
        assert response, f"{self.id} has no {status} in the document"
        if "$ref" in response:
            return {"$ref": f"api:{response['$ref']}/content/application~1json/schema"}
        return reference(*self._place, "responses", str(status), *JSON_SCHEMA)

    def examples(self, status: int) -> list[Any]:
        response = resolved(self.spec["responses"][str(status)])
        return examples_of(response["content"]["application/json"])

    @property
    def _place(self) -> tuple[str, str, str]:
        return "paths", self.path, self.method


JSON_SCHEMA = ("content", "application/json", "schema")


@cache
def operations() -> dict[str, Operation]:
    found = [
        Operation(path, method, spec)
        for path, item in document()["paths"].items()
        for method, spec in item.items()
    ]
    by_id = {operation.id: operation for operation in found}
    assert len(by_id) == len(found), "an operationId is there twice"
    return by_id


def reference(*names: str) -> dict[str, str]:
    pointer = "/".join(name.replace("~", "~0").replace("/", "~1") for name in names)
    return {"$ref": f"api:#/{pointer}"}


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    _, kind, name = part["$ref"].rsplit("/", 2)
    return document()["components"][kind][name]


def examples_of(content: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in content.get("examples", {}).values()]
    return [*named, content["example"]] if "example" in content else named


# What `format` says is checked too.
formats = FormatChecker(formats=["date", "email"])


@formats.checks("date-time")
def is_instant(text: Any) -> bool:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)"
    return not isinstance(text, str) or re.fullmatch(pattern, text) is not None


@formats.checks("uri")
def is_uri(text: Any) -> bool:
    return not isinstance(text, str) or bool(urlsplit(text).scheme)


@cache
def registry() -> Registry:
    return Registry().with_resource("api:", DRAFT202012.create_resource(document()))


def assert_fits(value: Any, schema: dict[str, Any], what: str) -> None:
    validator = Draft202012Validator(
        schema, registry=registry(), format_checker=formats
    )
    problems = [
        f"{what}: {error.json_path}: {error.message}"
        for error in validator.iter_errors(value)
    ]
    assert problems == []


def assert_documented(operation: Operation, response) -> None:
    """Assert that an answer fits the document, and an error is one of its examples."""
    what = f"{operation.id} {response.status_code}"
    schema = operation.answer_schema(response.status_code)
    assert response["Content-Type"] == "application/json", what
    answer = response.json()
    assert_fits(answer, schema, what)
    if response.status_code >= 400:
        examples = operation.examples(response.status_code)
        known = [example | {"requestId": answer["requestId"]} for example in examples]
        assert answer in known, what


# Requests


@pytest.fixture
def rows(api) -> dict[str, str]:
    """Ids of rows of alice's, by the path segment before them."""
    task = api.post("/api/tasks", {"title": "Implement feature X"}).json()["_id"]
    session = api.post("/api/sessions", BLOCK | {"task": task}).json()["_id"]
    api.post("/api/sessions", BLOCK | {"task": None, "endTime": None})
    api.patch("/api/auth/me", {"settings": {"dailyGoal": 4}})
    (device,) = api.get("/api/auth/devices").json()
    return {"tasks": task, "sessions": session, "devices": device["_id"]}


def send(
    client: APIClient,
    operation: Operation,
    rows: dict[str, str],
    body: Any = None,
    query: str = "",
    **headers: Any,
):
    path = operation.path.replace("{id}", row_in_path(operation, rows))
    text = json.dumps(body)
    for name, row in rows.items():
        text = text.replace(f'"${name}"', f'"{row}"')
    content = {} if body is None else {"content_type": "application/json", "data": text}
    return client.generic(
        operation.method.upper(), f"{path}?{query}", **content, **headers
    )


def row_in_path(operation: Operation, rows: dict[str, str]) -> str:
    before, found, _ = operation.path.partition("/{id}")
    return rows[before.rpartition("/")[2]] if found else ""


def good_requests(status: int) -> Iterator[Sent]:
    """Yield, for each call that can answer so, what it is sent when all is well."""
    seen = set()
    for sent in SENT:
        call = operations()[sent.call]
        if sent.status < 300 and sent.call not in seen:
            seen.add(sent.call)
            if str(status) in call.spec["responses"]:
                yield sent


# The document by itself


def test_document_is_valid_and_complete_in_the_eyes_of_its_generator(capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", format="openapi-json")

    assert capsys.readouterr().err == ""


def test_schemas_in_the_document_are_valid():
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_examples_fit_their_schemas():
    for operation in operations().values():
        if body := operation.body_schema():
            content = operation.spec["requestBody"]["content"]["application/json"]
            assert examples_of(content), operation.id
            for example in examples_of(content):
                assert_fits(example, body, f"{operation.id} request")
        for status in map(int, operation.spec["responses"]):
            assert operation.examples(status), f"{operation.id} {status}"
            for example in operation.examples(status):
                schema = operation.answer_schema(status)
                assert_fits(example, schema, f"{operation.id} {status}")


def test_every_call_and_object_says_what_it_is():
    tags = {tag["name"] for tag in document()["tags"]}

    for operation in operations().values():
        spec = operation.spec
        assert spec["summary"], operation.id
        assert spec["description"], operation.id
        assert set(spec["tags"]) < tags, operation.id
    for name, schema in document()["components"]["schemas"].items():
        assert "enum" in schema or schema["description"], name


def test_every_object_of_an_answer_has_all_its_fields():
    bodies = {
        operation.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for operation in operations().values()
        if "requestBody" in operation.spec
    }
    names = {body.rpartition("/")[2] for body in bodies} | {"SettingsChanges", "Error"}

    for name, schema in document()["components"]["schemas"].items():
        if name not in names and schema["type"] == "object":
            assert schema["required"] == list(schema["properties"]), name
            assert schema["additionalProperties"] is False, name


def test_changes_require_nothing():
    schemas = document()["components"]["schemas"]
    changes = {name for name in schemas if name.endswith("Changes")}

    assert changes == {
        "ProfileChanges",
        "SessionChanges",
        "SettingsChanges",
        "TaskChanges",
    }
    assert not any("required" in schemas[name] for name in changes)


def test_session_takes_the_id_of_its_task_and_answers_with_the_task():
    schemas = document()["components"]["schemas"]

    given = schemas["SessionRequest"]["properties"]["task"]
    answered = schemas["Session"]["properties"]["task"]

    assert given["type"] == ["string", "null"]
    assert given["pattern"] == "^[0-9a-f]{24}$"
    assert answered["oneOf"] == [
        {"$ref": "#/components/schemas/TaskInShort"},
        {"type": "null"},
    ]


def test_calls_that_take_no_token_say_so():
    public = {
        operation.id
        for operation in operations().values()
        if not operation.spec["security"]
    }

    assert public == {"register", "login", "getHealth", "getReadiness"}


# The document against the routes


def routes(patterns: list, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and method of everything that the URLs below `/api` lead to."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("api/"):
            path = simplify_regex(route).rstrip("/").replace("<pk>", "{id}")
            for method in methods_of(pattern.callback):
                yield path, method


def methods_of(view: Callable) -> list[str]:
    methods = view.actions if hasattr(view, "actions") else ["get"]
    return [method for method in methods if method != "head"]


def test_every_route_is_in_the_document():
    found = set(routes(get_resolver().url_patterns))

    documented = {(one.path, one.method) for one in operations().values()}
    assert found - documented == {(path, "get") for path in LEFT_OUT}
    assert documented <= found


# The document against real answers


@pytest.mark.parametrize("sent", SENT, ids=str)
def test_answer_is_as_documented(api, rows, sent):
    operation = operations()[sent.call]

    response = send(api, operation, rows, sent.body, sent.query)

    assert response.status_code == sent.status, response.content
    assert_documented(operation, response)
    if sent.status < 300 and sent.body is not None:
        sent_body = json.loads(json.dumps(sent.body).replace("$tasks", rows["tasks"]))
        assert_fits(sent_body, operation.body_schema(), f"{sent.call} request")


def test_call_is_unauthorized_without_a_token(anonymous, rows):
    calls = [sent for sent in good_requests(401) if operations()[sent.call].needs_token]

    for sent in calls:
        response = send(anonymous, operations()[sent.call], rows, sent.body)

        assert response.status_code == 401, sent.call
        assert_documented(operations()[sent.call], response)
        assert response["WWW-Authenticate"] == "Bearer"


def test_call_is_forbidden_to_who_is_banned(api, alice, rows):
    User.objects.filter(pk=alice.pk).update(
        status=User.Status.BANNED, ban_reason="Violation of terms"
    )

    for sent in good_requests(403):
        response = send(api, operations()[sent.call], rows, sent.body)

        assert response.status_code == 403, sent.call
        assert_documented(operations()[sent.call], response)


def test_row_that_does_not_exist_is_not_found(api, rows):
    nothing = dict.fromkeys(rows, UNKNOWN_ID)
    calls = [
        sent for sent in good_requests(404) if "{id}" in operations()[sent.call].path
    ]

    for sent in calls:
        response = send(api, operations()[sent.call], nothing, sent.body)

        assert response.status_code == 404, sent.call
        assert_documented(operations()[sent.call], response)


def test_row_of_someone_else_is_not_found(bob, rows):
    calls = [
        sent for sent in good_requests(404) if "{id}" in operations()[sent.call].path
    ]
    client = client_of(bob)

    for sent in calls:
        response = send(client, operations()[sent.call], rows, sent.body)

        assert response.status_code == 404, sent.call
        assert_documented(operations()[sent.call], response)


def test_call_is_not_acceptable_to_who_takes_no_json(api, rows):
    for sent in good_requests(406):
        response = send(
            api, operations()[sent.call], rows, sent.body, HTTP_ACCEPT="image/png"
        )

        assert response.status_code == 406, sent.call
        assert_documented(operations()[sent.call], response)


def test_body_is_too_large_over_a_mebibyte(api, rows):
    for sent in good_requests(413):
        response = send(api, operations()[sent.call], rows, {"name": "x" * 2**20})

        assert response.status_code == 413, sent.call
        assert_documented(operations()[sent.call], response)


def test_body_of_another_type_is_unsupported(api, rows):
    for sent in good_requests(415):
        operation = operations()[sent.call]
        path = operation.path.replace("{id}", row_in_path(operation, rows))

        response = api.generic(
            operation.method.upper(), path, "name=x", content_type="text/plain"
        )

        assert response.status_code == 415, sent.call
        assert_documented(operation, response)


def failing_with(error: Exception) -> Any:
    """Have every query fail before it reaches the database."""

    def fail(*args: Any) -> None:
        raise error

    return connection.execute_wrapper(fail)


def test_call_is_unavailable_while_the_database_does_not_answer(api, rows):
    for sent in good_requests(503):
        with failing_with(OperationalError("the connection is lost")):
            response = send(api, operations()[sent.call], rows, sent.body)

        assert response.status_code == 503, sent.call
        assert_documented(operations()[sent.call], response)
        assert int(response["Retry-After"]) >= 1


def test_crash_is_a_server_error(api, rows):
    api.raise_request_exception = False
    # The one call that asks nothing which could fail.
    calls = [sent for sent in good_requests(500) if sent.call != "getHealth"]

    for sent in calls:
        with failing_with(RuntimeError("a fault of ours")):
            response = send(api, operations()[sent.call], rows, sent.body)

        assert response.status_code == 500, sent.call
        assert_documented(operations()[sent.call], response)


def test_every_documented_answer_is_given_in_one_of_these_tests():
    tried = {(sent.call, str(sent.status)) for sent in SENT}
    common = {"403", "404", "406", "413", "415", "500", "503"}
    for operation in operations().values():
        with_token = common | {"401"} if operation.needs_token else common
        tried |= {(operation.id, status) for status in with_token}

    documented = {
        (operation.id, status)
        for operation in operations().values()
        for status in operation.spec["responses"]
    }
    assert documented - tried == set()


# The call that answers with the document


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html, */*"])
def test_schema_is_json_for_anyone(accept):
    response = APIClient().get(SCHEMA, HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json() == document()
    assert response.json()["openapi"] == "3.1.0"


def test_schema_is_yaml_for_who_asks_for_it():
    response = APIClient().get(SCHEMA, HTTP_ACCEPT="application/yaml")

    assert response["Content-Type"] == "application/yaml"
    assert yaml.load(response.content, yaml.CSafeLoader) == document()


@pytest.mark.parametrize(
    ("method", "accept", "status"),
    [("GET", "text/html", 406), ("POST", "*/*", 405), ("PUT", "application/yaml", 405)],
)
def test_schema_refuses_in_the_shape_of_every_error(method, accept, status):
    response = APIClient().generic(method, SCHEMA, HTTP_ACCEPT=accept)

    assert response.status_code == status
    assert_fits(response.json(), {"$ref": "api:#/components/schemas/Error"}, SCHEMA)
