"""What proxies, caches and odd clients rely on."""

from __future__ import annotations

import resource
import signal
import tempfile

import jwt
import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.models import SignIn
from accounts.tokens import SignInToken
from focusmaster.api.middleware import RequestMiddleware
from focusmaster.api.responses import MAX_IN_MEMORY, file_response, json_response
from focusmaster.exceptions import NoTemporarySpace
from focusmaster.tests.people import PASSWORD, browser_of, client_of
from kanban.models import Task

ME = "/api/auth/me"
TASKS = "/api/tasks"
LOGIN = "/api/auth/login"


# Tags that a proxy has marked (`-gzip`), and moves


@pytest.mark.parametrize(
    "mark",
    [
        'W/"{}"',
        '"{}-gzip"',
        '"{}--gzip"',
        '"{};gzip"',
        '"{}-br"',
        'W/"{}-zstd"',
        '"{}-GZIP"',
        '"{}-gzip-br"',
        '"other", W/"{}-deflate"',
    ],
)
def test_marked_tag_is_the_same_tag(api, alice, mark):
    url = f"{TASKS}/{Task.objects.add(user=alice, title='Write').pk}"
    given = mark.format(api.get(url)["ETag"].strip('"'))

    assert api.get(url, HTTP_IF_NONE_MATCH=given).status_code == 304
    write = api.patch(url, {"title": "Read"}, HTTP_IF_MATCH=given)
    assert write.status_code == 200
    assert api.patch(url, {"title": "X"}, HTTP_IF_MATCH=given).status_code == 412


@pytest.mark.parametrize("mark", ['"{}-gzipped"', '"{}gzip"', '"{}-"', '"-gzip{}"'])
def test_other_marks_make_another_tag(api, alice, mark):
    url = f"{TASKS}/{Task.objects.add(user=alice, title='Write').pk}"
    given = mark.format(api.get(url)["ETag"].strip('"'))

    assert api.patch(url, {"title": "X"}, HTTP_IF_MATCH=given).status_code == 412


def test_move_heeds_if_match(api, alice, bob):
    url = f"{TASKS}/{Task.objects.add(user=alice, title='Write').pk}"
    tag = api.get(url)["ETag"]
    to = {"status": "done"}

    moved = api.post(f"{url}/move", to, HTTP_IF_MATCH=tag)
    late = api.post(f"{url}/move", {"status": "todo"}, HTTP_IF_MATCH=tag)
    foreign = client_of(bob).post(f"{url}/move", to, HTTP_IF_MATCH="*")

    assert moved.status_code == 200
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert foreign.status_code == 404
    assert api.get(url).json()["status"] == "done"
    again = api.post(
        f"{url}/move", {"status": "todo"}, HTTP_IF_MATCH=api.get(url)["ETag"]
    )
    assert again.status_code == 200


# Bodies and OPTIONS


def test_body_may_begin_with_a_byte_order_mark(api):
    body = b'\xef\xbb\xbf{"title":"Write"}'

    assert api.generic("POST", TASKS, body, "application/json").status_code == 201
    twice = api.generic("POST", TASKS, body[:3] + body, "application/json")
    assert twice.status_code == 400


@pytest.mark.parametrize("accept", ["text/csv", "image/png", "text/html", "*/*"])
@pytest.mark.parametrize(
    "path",
    ["/api/clock/logs.csv", "/api/admin/audit-logs.csv", "/api/schema", TASKS],
)
def test_options_responds_in_json_or_is_not_acceptable(moderator, path, accept):
    response = client_of(moderator).options(path, HTTP_ACCEPT=accept)

    assert response.status_code == (200 if accept == "*/*" else 406)
    assert response["Content-Type"] == "application/json"
    assert ("methods" in response.json()) == (accept == "*/*")


# What goes wrong late


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 10**30},
        {"exp": 1e300},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -(10**20)},
        {"exp": [1]},
        {"exp": "soon"},
        {"exp": None},
        {"iat": float("inf")},
        {"iat": "x"},
        {"iat": [1]},
        {"iat": 10**30},
        {"iat": {}},
        {"nbf": float("inf")},
        {"nbf": float("nan")},
        {"nbf": "x"},
        {"nbf": [1]},
        {"nbf": 10**30},
        {"exp": True},
        {"exp": 253402300800},
        {"sid": 10**30},
        {"sid": 1e300},
        {"sid": True},
        {"sid": "\u0660" * 24},
        {"sid": "0" * 25},
        {"sid": "\ud800" * 24},
        {"token_type": ["access"]},
        {"token_type": {}},
        {"sub": 5},
        {"sid": {"a": 1}},
        {"jti": None, "exp": {}},
    ],
)
def test_token_with_an_absurd_claim_is_refused(alice, claims):
    sign_in = SignIn.objects.start(user=alice, user_agent="", ip_address=None)
    payload = SignInToken.for_sign_in(sign_in).payload | claims
    token = jwt.encode(payload, str(settings.SECRET_KEY), algorithm="HS256")

    response = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME)

    assert response.status_code == 401
    assert response.json()["requestId"] == response["X-Request-Id"]


@pytest.mark.parametrize(
    "claims",
    [
        {"user_id": 10**30},
        {"user_id": 1e300},
        {"user_id": [1]},
        {"user_id": {"a": 1}},
        {"user_id": "x" * 50},
        {"user_id": "\x00" * 24},
        {"user_id": "\ud800"},
        {"user_id": True},
        {"iat": -1e300},
        {"aud": 5},
        {"aud": [[]]},
        {"scope": {"a": [1]}},
        {"exp": 253402300799.9},
    ],
)
def test_claim_that_decides_nothing_may_be_anything(alice, claims):
    sign_in = SignIn.objects.start(user=alice, user_agent="", ip_address=None)
    payload = SignInToken.for_sign_in(sign_in).payload | claims
    token = jwt.encode(payload, str(settings.SECRET_KEY), algorithm="HS256")

    response = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME)

    assert response.status_code == 200
    assert response.json()["_id"] == alice.pk


def test_hook_that_fails_leaves_the_response(caplog):
    def view(request):
        request.on_response.append(fail)
        request.on_response.append(lambda response: response.set_cookie("a", "b"))
        return json_response({"message": "no"}, 401)

    def fail(response):
        raise OperationalError("the database is gone")

    request = RequestFactory(headers={"host": "localhost"}).get(ME)
    response = RequestMiddleware(view)(request)

    assert response.status_code == 401
    assert response.content == b'{"message":"no"}'
    assert response["X-Request-Id"] == request.id
    assert response.cookies["a"].value == "b"
    assert "What follows a response failed" in caplog.text


def test_disk_that_is_full_is_told(moderator, tmp_path, monkeypatch):
    """The largest file this process may write stands for the end of the disk."""
    parts = [b"x" * MAX_IN_MEMORY, b"x" * MAX_IN_MEMORY]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_IN_MEMORY, limits[1]))
    try:
        with pytest.raises(NoTemporarySpace):
            file_response(parts, content_type="text/plain")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_export_without_a_place_for_files_is_unavailable(api, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    response = api.get("/api/gdpr/export")

    assert response.status_code == 503
    assert response.json()["code"] == "storage_full"
    assert "space" in response.json()["message"]
    assert int(response["Retry-After"]) >= 1


# Caches


@pytest.mark.parametrize(
    ("path", "status"),
    [(ME, 200), (TASKS, 200), (f"{TASKS}/507f1f77bcf86cd799439011", 404)],
)
def test_responses_are_for_their_caller_alone(api, path, status):
    response = api.get(path, HTTP_ORIGIN="http://localhost:3000")

    assert response.status_code == status
    assert response["Cache-Control"] == "private, no-cache"
    varies = {name.strip().lower() for name in response["Vary"].split(",")}
    assert {"authorization", "cookie", "origin"} <= varies


def test_a_304_says_the_same(api):
    tag = api.get(ME)["ETag"]

    response = api.get(ME, HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 304
    assert response["Cache-Control"] == "private, no-cache"
    assert "Authorization" in response["Vary"]


def test_responses_with_a_token_are_stored_nowhere(alice):
    credentials = {"email": alice.email, "password": PASSWORD}
    browser = browser_of(alice)
    origin = {"HTTP_ORIGIN": "http://testserver"}

    for response in (
        APIClient().post(LOGIN, credentials),
        APIClient().post("/api/auth/guest"),
        browser.post("/api/auth/refresh", **origin),
        browser.post("/api/auth/logout", **origin),
    ):
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
