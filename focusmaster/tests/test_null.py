"""Null where something is due is told in the style of any other wrong value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from focusmaster.openapi import document
from focusmaster.tests.people import client_of
from focusmaster.tests.routes import ID

Schema = dict[str, Any]


def resolved(schema: Schema) -> Schema:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return document()["components"]["schemas"][name]
    return schema


def takes_null(schema: Schema) -> bool:
    types = schema.get("type", [])
    anyone = schema.get("anyOf", []) + schema.get("oneOf", [])
    return "null" in ([types] if isinstance(types, str) else types) or any(
        takes_null(resolved(one)) for one in anyone
    )


def fields_in(schema: Schema) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Yield what a body can set, as the path of its names, also in nested objects."""
    for name, given in schema["properties"].items():
        field = resolved(given)
        if set(field) == {"description"}:
            continue  # It is ignored.
        yield (name,), field
        for nested in [field, *map(resolved, field.get("oneOf", []))]:
            if "properties" in nested:
                for path, inner in fields_in(nested):
                    yield (name, *path), inner


def body_fields() -> Iterator[Any]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if "requestBody" not in operation:
                continue
            content = operation["requestBody"]["content"]["application/json"]
            for names, field in fields_in(resolved(content["schema"])):
                call = f"{method} {path} {'.'.join(names)}"
                yield pytest.param(method, path, names, field, id=call)


FIELDS = list(body_fields())
NOT_NULL = [one for one in FIELDS if not takes_null(one.values[-1])]
NULL = [one for one in FIELDS if takes_null(one.values[-1])]


def told(
    staff: User, method: str, path: str, names: tuple[str, ...], value: Any
) -> list[tuple[str, str]]:
    """Send a body with one value; return what is told of it, by field."""
    body = value
    for name in reversed(names):
        body = {name: body}
    response = getattr(client_of(staff), method)(path.replace("{id}", ID), body)
    errors = response.json().get("errors", [])
    place = ".".join(names)
    found = [(one["field"], one["message"]) for one in errors]
    return [one for one in found if one[0] == place or one[0].startswith(f"{place}.")]


def test_there_are_fields_of_every_app():
    calls = {one.id for one in FIELDS}

    assert len(NOT_NULL) > 100
    assert len(NULL) > 10
    assert calls >= {
        "post /api/auth/register email",
        "patch /api/auth/me settings.timezone",
        "put /api/tasks/{id} title",
        "post /api/feedback deviceInfo.platform",
        "post /api/gdpr/log-consent preferences.essential",
        "patch /api/admin/users/{id}/ban reason",
    }


@pytest.mark.usefixtures("google", "spotify")
@pytest.mark.parametrize(("method", "path", "names", "field"), NOT_NULL)
def test_null_is_told_as_any_wrong_value_is(moderator, method, path, names, field):
    wrong = 7 if "properties" in field else {}
    expected = told(moderator, method, path, names, wrong)

    assert told(moderator, method, path, names, None) == expected
    [(name, message)] = expected
    assert name == ".".join(names)
    assert message.startswith(("give ", "an id has "))


@pytest.mark.usefixtures("google", "spotify")
@pytest.mark.parametrize(("method", "path", "names", "field"), NULL)
def test_null_that_may_be_is_no_error(moderator, method, path, names, field):
    if path == "/api/auth/google":
        return  # One of two must be there.

    assert told(moderator, method, path, names, None) == []


@pytest.mark.parametrize("tags", [[None], ["a", None], [7], [["a"]], [{}]])
def test_null_in_a_list_is_told_at_its_place(api, tags):
    response = api.post("/api/tasks", {"title": "Write", "tags": tags})

    assert response.status_code == 400
    place = f"tags.{len(tags) - 1}"
    assert response.json()["errors"] == [{"field": place, "message": "give text"}]


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_null_for_the_whole_body_is_told_as_any_wrong_body_is(moderator, method):
    client = client_of(moderator)
    paths = {one.values[1] for one in FIELDS if one.values[0] == method}
    for path in paths - {"/api/auth/google", "/api/spotify/callback"}:
        url = path.replace("{id}", ID)
        for body in (b"null", b"7", b"[]", b'"a"'):
            response = client.generic(method.upper(), url, body, "application/json")
            assert response.status_code == 400, (path, body)
            told = {"field": "", "message": "give an object"}
            assert response.json()["errors"] == [told], (path, body)
