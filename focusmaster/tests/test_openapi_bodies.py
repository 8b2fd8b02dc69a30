"""What the document says of bodies against what the service does with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from focusmaster.openapi import document
from focusmaster.tests.people import client_of
from focusmaster.tests.routes import ID
from kanban.models import Task

TASKS = "/api/tasks"
CONTENT = ("content", "application/json", "schema")


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and schema of each body in the document."""
    schemas = document()["components"]["schemas"]
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                name = content["schema"]["$ref"].rpartition("/")[2]
                yield path, method, schemas[name]


def fits(path: str, method: str, body: Any) -> bool:
    places = "paths", path, method, "requestBody", *CONTENT
    pointer = "/".join(one.replace("~", "~0").replace("/", "~1") for one in places)
    registry = Registry().with_resource("api:", DRAFT202012.create_resource(document()))
    validator = Draft202012Validator({"$ref": f"api:#/{pointer}"}, registry=registry)
    return validator.is_valid(body)


@pytest.fixture
def task(alice) -> str:
    return Task.objects.add(user=alice, title="Write").pk


def test_every_body_is_closed():
    found = list(bodies())
    nested = {
        name: schema
        for name, schema in document()["components"]["schemas"].items()
        if name.endswith(("Request", "Changes"))
    }

    assert len(found) > 20
    for path, method, schema in found:
        assert schema["additionalProperties"] is False, (path, method)
    assert {"SettingsChanges", "DeviceInfoRequest"} <= nested.keys()
    for name, schema in nested.items():
        assert schema["additionalProperties"] is False, name


@pytest.mark.usefixtures("google", "spotify")
def test_body_that_may_be_left_out_may_be(moderator):
    needed = {
        (path, method): operation["requestBody"]["required"]
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    }
    assert not needed["/api/clock/stop", "post"]
    assert needed["/api/tasks/{id}/move", "post"]

    for (path, method), is_needed in needed.items():
        client = client_of(moderator)  # What is called may end a sign-in.
        response = client.generic(method.upper(), path.replace("{id}", ID))
        assert (response.status_code == 400) == is_needed, (path, method)


def test_nothing_of_how_the_document_is_made_is_in_it():
    assert "x-" not in {key[:2] for schema in all_schemas() for key in schema}


def all_schemas() -> Iterator[dict[str, Any]]:
    yield from document()["components"]["schemas"].values()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("patch", f"{TASKS}/{{id}}"),
        ("put", f"{TASKS}/{{id}}"),
        ("patch", "/api/auth/me"),
        ("put", "/api/auth/profile"),
    ],
)
def test_what_was_read_can_be_sent_back(api, task, method, path):
    url = path.replace("{id}", task)
    read = api.get(url).json()

    response = getattr(api, method)(url, read)

    assert fits(path, method, read)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{TASKS}/{{id}}", {"titel": "Read"}),
        (f"{TASKS}/{{id}}", {}),
        ("/api/auth/me", {"nmae": "Ann"}),
        ("/api/auth/me", {"settings": {"teme": "dark"}}),
    ],
)
def test_change_that_is_refused_does_not_fit(api, task, path, body):
    response = api.patch(path.replace("{id}", task), body)

    assert response.status_code == 400
    assert not fits(path, "patch", body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"status": "done"}, 200),
        ({"statsu": "done"}, 400),
        ({"status": "done", "_id": "x"}, 400),
    ],
)
def test_move_fits_where_it_is_taken(api, task, body, status):
    response = api.post(f"{TASKS}/{task}/move", body)

    assert response.status_code == status
    assert fits(f"{TASKS}/{{id}}/move", "post", body) == (status == 200)


@pytest.mark.parametrize("body", [{}, {"credential": None}, {"token": None}])
def test_google_wants_one_of_two(anonymous, google, body):
    response = anonymous.post("/api/auth/google", body)

    assert response.status_code == 400
    assert not fits("/api/auth/google", "post", body)
    assert fits("/api/auth/google", "post", {"token": "x", "_id": "y"})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/auth/login", {"email": "a@example.com", "password": "x", "points": 1}),
        ("/api/clock/start", {"duration": None, "_id": 7}),
        ("/api/auth/guest", {}),
        (TASKS, {"title": "Read", "createdAt": "yesterday", "user": None}),
    ],
)
def test_what_the_server_sets_fits_whatever_it_is(api, path, body):
    assert api.post(path, body).status_code != 400
    assert fits(path, "post", body)
