"""The published document against the responses of the service.

A new endpoint needs a line in SENT for each of its successful responses, for a 400 and
for each other error of its own; everything else here finds it by itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import drf_spectacular.validation
import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.google.keys import keys_at
from accounts.google.linking import PROVIDER
from accounts.models import EmailChange, PasswordReset, User
from focusmaster.environment import Rate
from focusmaster.openapi import document
from focusmaster.tests.people import PASSWORD, client_of, person, token_of
from focusmaster.tests.routes import api_routes
from integrations.fakes.google import Answer, FakeGoogle, key_id
from integrations.fakes.spotify import FakeSpotify
from integrations.states import new_state
from integrations.tests.linking import code_from, link
from moderation.models import Feedback

SCHEMA = "/api/schema"
# No part of what the document is about: itself, and the page that shows it.
LEFT_OUT = {SCHEMA, "/api/docs"}
UNKNOWN_ID = "507f1f77bcf86cd799439011"
WITHOUT_BODY = {"304"}
# What the names of endpoints that change nothing begin with.
READING = ("get", "list", "export")


@dataclass(frozen=True)
class Sent:
    """A request to an endpoint, by its operationId, and the status of the response.

    `$tasks` and the like in it are the id of one of alice's rows; in the path it is
    filled in. The body of an error has to be one of its examples in the document.
    """

    operation_id: str
    status: int
    body: Any = None
    query: str = ""
    # Endpoints that are called before, without a body.
    after: tuple[str, ...] = ()
    # Alice's, who sends it.
    role: str = "user"
    # Of the rows, the one in the path where it is another than usual.
    row: str = ""
    # The status of Spotify's first response; None: success.
    spotify: int | None = None

    def __str__(self) -> str:
        return f"{self.operation_id}-{self.status}"


JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}
BLOCK = {
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "endTime": "2026-02-02T10:25:00Z",
    "duration": 1500,
    "task": "$tasks",
}
PREFERENCES = {"essential": True, "analytics": False, "marketing": False}
SHIFT = {"startTime": "2026-02-02T13:00:00Z", "endTime": "2026-02-02T17:00:00Z"}
SENT = [
    Sent("register", 201, JOHN),
    Sent("register", 400, JOHN | {"password": "onlyletters"}),
    Sent("register", 409, JOHN | {"email": "ALICE@example.com"}),
    Sent("startAsGuest", 200, {"guestId": "$guest"}),
    Sent("startAsGuest", 400, {"guestId": 7}),
    Sent("login", 200, {"email": "alice@example.com", "password": PASSWORD}),
    Sent("login", 400, {"password": PASSWORD}),
    Sent("login", 401, {"email": "alice@example.com", "password": "a wrong one"}),
    Sent("signInWithGoogle", 200, {"credential": "$alices_google"}),
    Sent("signInWithGoogle", 200, {"token": "$alices_google"}),
    Sent("signInWithGoogle", 400, {}),
    Sent("signInWithGoogle", 401, {"credential": "a.b.c"}),
    Sent("signInWithGoogle", 403, {"credential": "$unverified_google"}),
    Sent("signInWithGoogle", 409, {"credential": "$another_google"}),
    Sent("signInWithGoogle", 502, {"credential": "$unknown_google"}),
    Sent("unlinkGoogle", 200),
    Sent("unlinkGoogle", 409, after=("unlinkGoogle",)),
    Sent("logout", 200),
    Sent("refreshToken", 200),
    Sent("getMe", 200),
    Sent("updateMe", 200, {"name": "Alice B.", "settings": {"theme": "dark"}}),
    Sent("updateMe", 400, {"settings": {"theme": "pink"}}),
    Sent("getProfile", 200),
    Sent("updateProfile", 200, {"picture": "https://example.com/avatar.jpg"}),
    Sent("updateProfile", 400, {"settings": {"theme": "pink"}}),
    Sent("resetStats", 200),
    Sent("sendCode", 200, {"newEmail": "alice@example.org"}),
    Sent("sendCode", 400, {"newEmail": "alice"}),
    Sent("sendCode", 409, {"newEmail": "alice@example.com"}),
    Sent("verifyCode", 200, {"otp": "$code"}),
    Sent("verifyCode", 400, {"otp": "$wrong_code"}),
    Sent("forgotPassword", 200, {"email": "alice@example.com"}),
    Sent("forgotPassword", 400, {}),
    Sent("resetPassword", 200, {"token": "$token", "password": "securePass123"}),
    Sent("resetPassword", 400, {"token": "x", "password": "securePass123"}),
    Sent("listDevices", 200),
    Sent("signOutDevice", 200),
    Sent("signOutOtherDevices", 200),
    Sent("exportData", 200),
    Sent("logConsent", 201, {"preferences": PREFERENCES}),
    Sent("logConsent", 400, {"preferences": PREFERENCES | {"analytics": "yes"}}),
    Sent("listTasks", 200, query="limit=1"),
    Sent("listTasks", 400, query="limit=0"),
    Sent("listTasks", 200, query="status=todo&due=week&search=wri&sort=-priority"),
    Sent("moveTask", 200, {"status": "done"}),
    Sent("moveTask", 400, {}),
    Sent("moveTask", 409, {"status": "done", "after": "$neighbour"}),
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
    Sent("getFocusToday", 200, query="tz=Europe/Berlin"),
    Sent("getFocusToday", 400, query="tz=Mars/Olympus"),
    Sent("getFocusThisWeek", 200),
    Sent("getFocusThisWeek", 400, query="tz=Mars/Olympus"),
    Sent("getTaskDistribution", 200),
    Sent("getHeatmap", 200, query="from=2026-01-01&to=2026-12-31"),
    Sent("getHeatmap", 400, query="from=2001-01-01"),
    Sent("getStreaks", 200),
    Sent("getStreaks", 400, query="tz=Mars/Olympus"),
    Sent("getFocusByHour", 200),
    Sent("getFocusByHour", 400, query="range=year"),
    Sent("getFocusByTask", 200),
    Sent("getFocusByTask", 400, query="range=year"),
    Sent("getFocusByMood", 200, query="from=2026-02-02"),
    Sent("getFocusByMood", 400, query="range=year"),
    Sent("getGoal", 200),
    Sent("getGoal", 400, query="from=2001-01-01"),
    Sent("startClock", 201, {"notes": "At the client's"}),
    Sent("startClock", 400, {"note": "At the client's"}),
    Sent("startClock", 409, after=("startClock",)),
    Sent("stopClock", 200, {"notes": "Productive day"}, after=("startClock",)),
    Sent("stopClock", 400, {"breakTime": 300}, after=("startClock",)),
    Sent("stopClock", 409),
    Sent("getClock", 200),
    Sent("getClock", 200, after=("startClock", "startBreak")),
    Sent("startBreak", 200, after=("startClock",)),
    Sent("startBreak", 409),
    Sent("startBreak", 409, after=("startClock", "startBreak")),
    Sent("stopBreak", 200, after=("startClock", "startBreak")),
    Sent("stopBreak", 409),
    Sent("stopBreak", 409, after=("startClock",)),
    Sent("listWorkLogs", 200, query="from=2026-02-02"),
    Sent("listWorkLogs", 400, query="range=year"),
    Sent("createWorkLog", 201, SHIFT | {"endTime": None}),
    Sent("createWorkLog", 400, SHIFT | {"endTime": "2026-02-02T08:00:00Z"}),
    Sent("createWorkLog", 409, SHIFT | {"startTime": "2026-02-02T11:59:59Z"}),
    Sent("getWorkLog", 200),
    Sent("updateWorkLog", 200, {"breakTime": 1800, "notes": "Productive day"}),
    Sent("updateWorkLog", 400, {"endTime": "2026-02-02T07:00:00Z"}),
    Sent("updateWorkLog", 409, {"endTime": None}, after=("startClock",)),
    Sent("deleteWorkLog", 200),
    Sent("downloadWorkLogs", 200, query="tz=Europe/Berlin"),
    Sent("downloadWorkLogs", 400, query="range=year"),
    Sent("getSpotifyUrl", 200),
    Sent("getSpotifyLogin", 200),
    Sent("arriveFromSpotify", 200, query="error=no", after=("getSpotifyUrl",)),
    Sent("arriveFromSpotify", 400, query="code=x"),
    *(
        Sent(
            "arriveFromSpotify",
            status,
            query="code=x",
            after=("getSpotifyUrl",),
            spotify=spotify,
        )
        for status, spotify in [(429, 429), (502, 500)]
    ),
    Sent("connectSpotify", 200, {"code": "$code_of_spotify", "state": "$state"}),
    Sent("connectSpotify", 400, {"code": "x"}),
    Sent("connectSpotify", 429, {"code": "x", "state": "$state"}, spotify=429),
    Sent("connectSpotify", 502, {"code": "x", "state": "$state"}, spotify=500),
    Sent("getSpotifyStatus", 200),
    Sent("getSpotifyStatus", 200, after=("disconnectSpotify",)),
    Sent("disconnectSpotify", 200),
    *(
        Sent(operation_id, status, after=after, spotify=spotify)
        for operation_id in (
            *("getNowPlaying", "getPlayer", "playMusic", "putPlayMusic"),
            *("pauseMusic", "putPauseMusic", "nextTrack", "previousTrack", "prevTrack"),
            "getSpotifyDevices",
        )
        for status, after, spotify in [
            (200, ("playMusic",) if "ause" in operation_id else (), None),
            (409, ("disconnectSpotify",), None),
            (409, (), 400),
            (429, (), 429),
            (502, (), 500),
        ]
    ),
    Sent("nextTrack", 404, spotify=404),
    Sent("playMusic", 400, {"uris": []}),
    Sent("putPlayMusic", 400, {"uris": []}),
    *(
        Sent("moveMusic", status, {"device_id": "x"}, after=after, spotify=spotify)
        for status, after, spotify in [
            (404, (), None),
            (409, ("disconnectSpotify",), None),
            (409, (), 400),
            (429, (), 429),
            (502, (), 500),
        ]
    ),
    Sent("moveMusic", 200, {"device_id": "$device"}),
    Sent("moveMusic", 400, {"device_id": 7}),
    Sent("tellFocus", 202, {"phase": "break"}),
    Sent("tellFocus", 400, {"phase": "lunch"}),
    Sent("giveFeedback", 201, {"type": "bug", "message": "Found an issue"}),
    Sent("giveFeedback", 400, {"message": ""}),
    Sent("listPeople", 200, query="search=ali&status=active", role="admin"),
    Sent("listPeople", 400, query="limit=1000", role="admin"),
    Sent("getPerson", 200, role="admin"),
    Sent("changeRole", 200, {"role": "admin"}, role="admin"),
    Sent("changeRole", 400, {"role": "owner"}, role="admin"),
    Sent("changeRole", 409, {"role": "user"}, row="me", role="admin"),
    Sent("banPerson", 200, {"reason": "Violation of terms"}, role="admin"),
    Sent("banPerson", 400, {}, role="admin"),
    Sent("banPerson", 409, {"reason": "Violation"}, row="me", role="admin"),
    Sent("unbanPerson", 200, {"reason": "A misunderstanding"}, role="admin"),
    Sent("unbanPerson", 400, {"reason": 7}, role="admin"),
    Sent("putStatus", 200, {"status": "suspended"}, role="admin"),
    Sent("putStatus", 400, {"status": "gone"}, role="admin"),
    Sent("putStatus", 409, {"status": "banned"}, row="me", role="admin"),
    *(
        Sent(operation_id, status, query=query, role="admin")
        for operation_id in (
            *("listAuditLogs", "listAudit", "downloadAuditLogs", "downloadAudit"),
        )
        for status, query in [
            (200, "range=today"),
            (400, "range=year"),
            (404, "actor=mine"),
            (404, "target="),
        ]
    ),
    Sent("getStats", 200, query="tz=Europe/Berlin", role="admin"),
    Sent("getStats", 400, query="tz=Mars/Olympus", role="admin"),
    Sent("getAdminHealth", 200, role="admin"),
    Sent("listFeedback", 200, query="status=open", role="admin"),
    Sent("listFeedback", 400, query="type=praise", role="admin"),
    Sent("getFeedback", 200, role="admin"),
    Sent("putFeedbackStatus", 200, {"status": "open"}, role="admin"),
    Sent("putFeedbackStatus", 400, {"status": "lost"}, role="admin"),
    Sent("putFeedbackNote", 200, {"note": "Ask for a screenshot"}, role="admin"),
    Sent("putFeedbackNote", 400, {"note": 7}, role="admin"),
    Sent("replyToFeedback", 201, {"message": "Thank you"}, role="admin"),
    Sent("replyToFeedback", 400, {"message": ""}, role="admin"),
    Sent("replyToFeedback", 409, {"message": "x"}, row="nobodys", role="admin"),
    Sent("getHealth", 200),
    Sent("getReadiness", 200),
    # Last, for nothing can be asked after it.
    Sent("deleteData", 200),
    Sent("deleteData", 409, role="admin"),
    Sent("deleteProfile", 200),
    Sent("deleteProfile", 409, role="admin"),
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
    def is_read(self) -> bool:
        return self.method == "get"

    @property
    def needs_token(self) -> bool:
        return bool(self.spec["security"]) and {} not in self.spec["security"]

    def shares(self, status: int) -> bool:
        """Tell whether the response is the one that endpoints have in common."""
        return "$ref" in self.spec["responses"][str(status)]

    def body_schema(self) -> dict[str, str] | None:
        if "requestBody" not in self.spec:
            return None
        return reference(*self._place, "requestBody", *JSON_SCHEMA)

    def response_schema(self, status: int) -> dict[str, str]:
        response = self.spec["responses"].get(str(status))
        assert response, f"{self.id} has no {status} in the document"
        if "$ref" in response:
            return {"$ref": f"api:{response['$ref']}/content/application~1json/schema"}
        content = ("content", self.media_type(status), "schema")
        return reference(*self._place, "responses", str(status), *content)

    def media_type(self, status: int) -> str:
        """Return the one media type of the response."""
        response = resolved(self.spec["responses"][str(status)])
        (media_type,) = response["content"]
        return media_type

    def examples(self, status: int) -> list[Any]:
        response = resolved(self.spec["responses"][str(status)])
        return examples_of(response["content"][self.media_type(status)])

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
    """Assert that a response fits the document; an error has to be an example in it."""
    what = f"{operation.id} {response.status_code}"
    schema = operation.response_schema(response.status_code)
    media_type, text = response["Content-Type"].partition(";")[0], response.getvalue()
    assert media_type == operation.media_type(response.status_code), what
    body = json.loads(text) if media_type == "application/json" else text.decode()
    assert_fits(body, schema, what)
    if response.status_code >= 400:
        examples = operation.examples(response.status_code)
        known = [example | {"requestId": body["requestId"]} for example in examples]
        assert body in known, what


# Requests


@dataclass(frozen=True)
class Kept:
    """Alice with what she has, as each test finds them."""

    user_id: str
    token: str
    rows: dict[str, str]


@pytest.fixture(scope="module")
def kept(google_server, django_db_setup, django_db_blocker) -> Iterator[Kept]:
    """Make alice and her rows, once; what a test does to them is undone after it."""
    google_server.reset()
    with django_db_blocker.unblock(), transaction.atomic():
        user = person("Alice")
        token = str(token_of(user))
        rows = made_by(client_with(token)) | looked_after(user) | mailed(user)
        yield Kept(user.pk, token, rows | given_by(google_server, user))
        transaction.set_rollback(True)


@pytest.fixture
def alice(kept, db) -> User:
    return User.objects.get(pk=kept.user_id)


@pytest.fixture
def api(kept, db) -> APIClient:
    return client_with(kept.token)


def client_with(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


@pytest.fixture
def rows(kept, alice, google, spotify) -> dict[str, str]:
    """Ids of rows of alice's, by the path segment before them.

    Google gives no other key any more.
    """
    keys_at(google.jwks_url).find(key_id(1))
    google.certs_answer = Answer(status=500)
    return kept.rows | linked(spotify, alice)


def made_by(api: APIClient) -> dict[str, str]:
    """Make rows through the API."""
    task = api.post("/api/tasks", {"title": "Implement feature X"}).json()["_id"]
    neighbour = api.post("/api/tasks", {"title": "Fix bug Y"}).json()["_id"]
    session = api.post("/api/sessions", BLOCK | {"task": task}).json()["_id"]
    api.post("/api/sessions", BLOCK | {"task": None, "endTime": None})
    api.patch("/api/auth/me", {"settings": {"dailyGoal": 4}})
    morning = {"startTime": "2026-02-02T08:00:00Z", "endTime": "2026-02-02T12:00:00Z"}
    log = api.post("/api/clock/logs", morning).json()["_id"]
    (device,) = api.get("/api/auth/devices").json()
    return {
        "tasks": task,
        "neighbour": neighbour,
        "sessions": session,
        "devices": device["_id"],
        "logs": log,
        "guest": User.objects.add_guest().pk,
    }


def looked_after(user: User) -> dict[str, str]:
    """Make a user staff; return what they look after."""
    User.objects.filter(pk=user.pk).update(role="admin")
    ward = User.objects.create(name="Ward", email="ward@example.com")
    return {
        "users": ward.pk,
        "me": user.pk,
        "feedback": Feedback.objects.create(user=ward, message="Hello").pk,
        "nobodys": Feedback.objects.create(message="Hello").pk,
    }


def linked(spotify: FakeSpotify, user: User) -> dict[str, str]:
    """Link a user to Spotify; return what they may link themselves with once more."""
    link(user, spotify)
    return {
        "code_of_spotify": code_from(spotify),
        "state": new_state(user),
        "device": spotify.devices()[0]["id"],
    }


def mailed(user: User) -> dict[str, str]:
    """What a user was sent by mail, and what they may mistake it for."""
    code = EmailChange.objects.start(user=user, new_email="alice@example.org")
    return {
        "code": code,
        "wrong_code": f"{(int(code) + 1) % 10**6:06}",
        "token": PasswordReset.objects.start(user=user),
    }


def given_by(google: FakeGoogle, user: User) -> dict[str, str]:
    """ID tokens of Google accounts, one of which is linked to the user's account."""
    UserSocialAuth.create_social_auth(user, "7", PROVIDER)
    return {
        "alices_google": google.id_token(sub="7"),
        "another_google": google.id_token(email=user.email),
        "unverified_google": google.id_token(email_verified=False),
        "unknown_google": google.id_token(headers={"kid": "unknown"}),
    }


def send(
    client: APIClient,
    operation: Operation,
    rows: dict[str, str],
    body: Any = None,
    query: str = "",
    **headers: Any,
):
    path = operation.path.replace("{id}", row_in_path(operation, rows))
    data = filled(body, rows)
    content = {} if body is None else {"content_type": "application/json", "data": data}
    response = client.generic(
        operation.method.upper(), f"{path}?{query}", **content, **headers
    )
    if response.streaming:  # Read to its end: else the file that it sends stays open.
        response.streaming_content = [response.getvalue()]
    return response


def filled(body: Any, rows: dict[str, str]) -> str:
    text = json.dumps(body)
    for name, row in rows.items():
        text = text.replace(f'"${name}"', f'"{row}"')
    return text


def row_in_path(operation: Operation, rows: dict[str, str]) -> str:
    before, found, _ = operation.path.partition("/{id}")
    return rows[before.rpartition("/")[2]] if found else ""


def good_requests(status: int) -> Iterator[Sent]:
    """Yield a successful request to each endpoint with a response of this status."""
    seen = set()
    for sent in SENT:
        operation = operations()[sent.operation_id]
        if sent.status < 300 and sent.operation_id not in seen:
            seen.add(sent.operation_id)
            if str(status) in operation.spec["responses"]:
                yield sent


ENTERING = {"register", "startAsGuest", "login", "logout", "signInWithGoogle"}

# The document by itself


def test_document_is_complete_in_the_eyes_of_its_generator(capsys):
    call_command("spectacular", "--fail-on-warn", format="openapi-json")

    assert capsys.readouterr().err == ""


def test_document_is_valid():
    """As with the generator's `--validate`, which looks for each anchor anew."""
    rules = files(drf_spectacular.validation) / "openapi_3_1_schema.json"
    schema = json.loads(rules.read_text())
    Draft202012Validator.check_schema(schema)
    known = Registry().with_resource("", DRAFT202012.create_resource(schema)).crawl()

    problems = Draft202012Validator({"$ref": schema["$id"]}, registry=known)

    assert document()["openapi"].startswith("3.1")
    assert list(problems.iter_errors(document())) == []


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
        for status in map(int, operation.spec["responses"].keys() - WITHOUT_BODY):
            assert operation.examples(status), f"{operation.id} {status}"
            for example in operation.examples(status):
                schema = operation.response_schema(status)
                assert_fits(example, schema, f"{operation.id} {status}")


def test_every_endpoint_and_object_says_what_it_is():
    tags = {tag["name"] for tag in document()["tags"]}

    for operation in operations().values():
        spec = operation.spec
        assert spec["summary"], operation.id
        assert spec["description"], operation.id
        assert set(spec["tags"]) < tags, operation.id
    for name, schema in document()["components"]["schemas"].items():
        assert "enum" in schema or schema["description"], name


def test_every_object_of_a_response_has_all_its_fields():
    bodies = {
        operation.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for operation in operations().values()
        if "requestBody" in operation.spec
    }
    names = {body.rpartition("/")[2] for body in bodies} | {"SettingsChanges", "Error"}
    names |= {"ConsentPreferencesRequest", "DeviceInfoRequest"}

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
        "WorkLogChanges",
    }
    assert not any("required" in schemas[name] for name in changes)


def test_session_takes_the_id_of_its_task_and_returns_the_task():
    schemas = document()["components"]["schemas"]

    given = schemas["SessionRequest"]["properties"]["task"]
    returned = schemas["Session"]["properties"]["task"]

    assert given["type"] == ["string", "null"]
    assert given["pattern"] == "^[0-9a-f]{24}$"
    assert returned["oneOf"] == [
        {"$ref": "#/components/schemas/TaskInShort"},
        {"type": "null"},
    ]


def test_endpoints_that_take_no_token_say_so():
    public = {
        operation.id
        for operation in operations().values()
        if not operation.spec["security"]
    }

    assert public == {
        "startAsGuest",
        "login",
        "forgotPassword",
        "resetPassword",
        "getHealth",
        "getReadiness",
    }


# The document against the routes


def test_every_route_is_in_the_document():
    found = set(api_routes())

    documented = {(one.path, one.method) for one in operations().values()}
    assert found - documented == {(path, "get") for path in LEFT_OUT}
    assert documented <= found


# The document against real responses


@pytest.mark.parametrize("sent", SENT, ids=str)
def test_response_is_as_documented(api, alice, rows, sent, spotify, settings):
    operation = operations()[sent.operation_id]
    User.objects.filter(pk=alice.pk).update(role=sent.role)
    if sent.row:
        rows |= dict.fromkeys(["users", "feedback"], rows[sent.row])
    for operation_id in sent.after:
        send(api, operations()[operation_id], rows)
    # No page of a web client's to lead a browser to: what it would be led from.
    settings.SPOTIFY_CLIENT_REDIRECT = ""
    if sent.spotify:
        spotify.fail_next(sent.spotify)

    response = send(api, operation, rows, sent.body, sent.query)

    assert response.status_code == sent.status, response.getvalue()
    assert_documented(operation, response)
    if sent.status < 300 and sent.body is not None:
        sent_body = json.loads(filled(sent.body, rows))
        assert_fits(sent_body, operation.body_schema(), f"{sent.operation_id} request")


@pytest.mark.parametrize(
    "sent",
    [
        sent
        for sent in SENT
        if sent.status < 300 and not sent.operation_id.startswith(READING)
    ],
    ids=str,
)
def test_success_is_the_same_under_a_key(api, alice, rows, sent, settings):
    """A POST with a key runs in a transaction; mail and other services refuse to."""
    operation = operations()[sent.operation_id]
    User.objects.filter(pk=alice.pk).update(role=sent.role)
    for operation_id in sent.after:
        send(api, operations()[operation_id], rows)
    settings.SPOTIFY_CLIENT_REDIRECT = ""
    key = {"HTTP_IDEMPOTENCY_KEY": "k"}

    response = send(api, operation, rows, sent.body, sent.query, **key)

    assert response.status_code == sent.status, response.getvalue()


def test_endpoint_is_unauthorized_without_a_token(anonymous, rows):
    requests = [
        sent
        for sent in good_requests(401)
        if operations()[sent.operation_id].needs_token
    ]

    for sent in requests:
        response = send(anonymous, operations()[sent.operation_id], rows, sent.body)

        assert response.status_code == 401, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)
        assert response["WWW-Authenticate"] == "Bearer"


def test_endpoint_is_forbidden_to_who_is_banned(api, alice, rows):
    # The guest, too.
    User.objects.update(status=User.Status.BANNED, ban_reason="Violation of terms")

    for sent in good_requests(403):
        # Leaving, and entering as another, is for pages of ours only.
        enters = sent.operation_id in ENTERING
        headers = {"HTTP_ORIGIN": "https://evil.example"} if enters else {}
        operation = operations()[sent.operation_id]
        response = send(api, operation, rows, sent.body, **headers)

        assert response.status_code == 403, sent.operation_id
        if not enters or operation.shares(403):
            assert_documented(operation, response)


def test_row_that_does_not_exist_is_not_found(api, rows):
    nothing = dict.fromkeys(rows, UNKNOWN_ID)
    requests = [
        sent
        for sent in good_requests(404)
        if "{id}" in operations()[sent.operation_id].path
    ]

    for sent in requests:
        response = send(api, operations()[sent.operation_id], nothing, sent.body)

        assert response.status_code == 404, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_row_of_someone_else_is_not_found(bob, rows):
    requests = [
        sent
        for sent in good_requests(404)
        if "{id}" in operations()[sent.operation_id].path and sent.role == "user"
    ]
    client = client_of(bob)

    for sent in requests:
        response = send(client, operations()[sent.operation_id], rows, sent.body)

        assert response.status_code == 404, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_parameter_that_a_call_does_not_take_is_invalid(api, alice, rows):
    for sent in good_requests(400):
        operation = operations()[sent.operation_id]
        if operation.path == "/api/spotify/callback":
            continue
        User.objects.filter(pk=alice.pk).update(role=sent.role)

        response = send(api, operation, rows, sent.body, query="stauts=done")

        assert response.status_code == 400, sent.operation_id
        schema = operation.response_schema(400)
        assert_fits(response.json(), schema, sent.operation_id)


def test_endpoint_is_not_acceptable_to_who_takes_no_json(api, rows):
    for sent in good_requests(406):
        response = send(
            api,
            operations()[sent.operation_id],
            rows,
            sent.body,
            HTTP_ACCEPT="image/png",
        )

        assert response.status_code == 406, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_endpoint_is_not_modified_for_who_has_the_response(api, rows):
    for sent in good_requests(304):
        operation = operations()[sent.operation_id]
        first = send(api, operation, rows, query=sent.query)

        response = send(
            api, operation, rows, query=sent.query, HTTP_IF_NONE_MATCH=first["ETag"]
        )

        assert response.status_code == 304, sent.operation_id
        assert response.content == b""


def test_call_fails_its_precondition_when_something_has_changed(api, rows):
    for sent in good_requests(412):
        response = send(
            api,
            operations()[sent.operation_id],
            rows,
            sent.body,
            HTTP_IF_MATCH='"other"',
        )

        assert response.status_code == 412, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_tag_and_link_of_a_response_are_documented(api, rows):
    reads = [
        sent for sent in good_requests(200) if operations()[sent.operation_id].is_read
    ]

    for sent in reads:
        response = send(api, operations()[sent.operation_id], rows, query=sent.query)

        spec = operations()[sent.operation_id].spec["responses"]["200"]
        documented = spec.get("headers", {}).keys()
        assert ("ETag" in response) == ("ETag" in documented), sent.operation_id
        assert "Link" not in response or "Link" in documented, sent.operation_id


def test_every_post_takes_a_key(api, rows):
    posts = [one for one in operations().values() if one.method == "post"]

    for operation in posts:
        parameters = {one["name"] for one in operation.spec["parameters"]}
        assert "Idempotency-Key" in parameters, operation.id
    sent = [
        send(
            api,
            operations()["createTask"],
            rows,
            {"title": "Write"},
            HTTP_IDEMPOTENCY_KEY="k1",
        )
        for _ in range(2)
    ]
    documented = operations()["createTask"].spec["responses"]["201"]["headers"]
    assert sent[1]["Idempotency-Replayed"] == "true"
    assert documented["Idempotency-Replayed"]["schema"]["const"] == "true"


def test_key_of_another_request_is_a_conflict(api, rows):
    for number, sent in enumerate(good_requests(409)):
        operation = operations()[sent.operation_id]
        if not operation.shares(409):
            continue
        key = f"key {number}"
        api.post("/api/tasks", {"title": "Write"}, HTTP_IDEMPOTENCY_KEY=key)

        response = send(api, operation, rows, sent.body, HTTP_IDEMPOTENCY_KEY=key)

        assert response.status_code == 409, sent.operation_id
        assert response.json()["code"] == "idempotency_key_reused"
        assert_documented(operation, response)


def test_request_past_the_limit_is_refused(api, rows, settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, Rate(1, 10**8))
    api.get("/api/auth/me")

    for sent in good_requests(429):
        response = send(api, operations()[sent.operation_id], rows, sent.body)

        assert response.status_code == 429, sent.operation_id
        if operations()[sent.operation_id].shares(429):
            assert_documented(operations()[sent.operation_id], response)
        assert int(response["Retry-After"]) >= 1


def test_body_is_too_large_over_a_mebibyte(api, rows):
    for sent in good_requests(413):
        response = send(
            api, operations()[sent.operation_id], rows, {"name": "x" * 2**20}
        )

        assert response.status_code == 413, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_body_of_another_type_is_unsupported(api, rows):
    for sent in good_requests(415):
        operation = operations()[sent.operation_id]
        path = operation.path.replace("{id}", row_in_path(operation, rows))

        response = api.generic(
            operation.method.upper(), path, "name=x", content_type="text/plain"
        )

        assert response.status_code == 415, sent.operation_id
        assert_documented(operation, response)


def failing_with(error: Exception) -> Any:
    """Have every query fail before it reaches the database."""

    def fail(*args: Any) -> None:
        raise error

    return connection.execute_wrapper(fail)


def test_endpoint_is_unavailable_while_the_database_does_not_respond(api, rows):
    # What these ask the database, they ask after the response or on another thread.
    elsewhere = {"forgotPassword", "getReadiness"}
    requests = [
        sent for sent in good_requests(503) if sent.operation_id not in elsewhere
    ]
    for sent in requests:
        with failing_with(OperationalError("the connection is lost")):
            response = send(api, operations()[sent.operation_id], rows, sent.body)

        assert response.status_code == 503, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)
        assert int(response["Retry-After"]) >= 1


def test_crash_is_a_server_error(api, rows):
    api.raise_request_exception = False
    # These send no query, or none before their response, or on another thread.
    unbreakable = {"getHealth", "getReadiness", "forgotPassword"}
    requests = [
        sent for sent in good_requests(500) if sent.operation_id not in unbreakable
    ]

    for sent in requests:
        with failing_with(RuntimeError("a fault of ours")):
            response = send(api, operations()[sent.operation_id], rows, sent.body)

        assert response.status_code == 500, sent.operation_id
        assert_documented(operations()[sent.operation_id], response)


def test_every_documented_response_is_sent_in_one_of_these_tests():
    tried = {(sent.operation_id, str(sent.status)) for sent in SENT}
    common = {"304", "400", "403", "404", "406", "409", "412", "413", "415"}
    common |= {"429", "500", "503"}
    for operation in operations().values():
        with_token = common | {"401"} if operation.needs_token else common
        tried |= {(operation.id, status) for status in with_token}

    documented = {
        (operation.id, status)
        for operation in operations().values()
        for status in operation.spec["responses"]
    }
    assert documented - tried == set()


# How the document is made and served


def test_what_makes_the_document_is_not_imported_at_the_start():
    """It costs each process 50 ms, and most never need it."""
    code = (
        "import sys, focusmaster.wsgi; from django.urls import get_resolver; "
        "get_resolver().url_patterns; print(*sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "kanban.urls" in loaded
    assert not loaded & {f"{app.name}.openapi" for app in apps.get_app_configs()}


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
def test_error_of_the_schema_has_the_shape_of_every_error(method, accept, status):
    response = APIClient().generic(method, SCHEMA, HTTP_ACCEPT=accept)

    assert response.status_code == status
    assert_fits(response.json(), {"$ref": "api:#/components/schemas/Error"}, SCHEMA)
