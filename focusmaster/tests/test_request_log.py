from __future__ import annotations

import json
import logging

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from focusmaster.tests.people import PASSWORD, browser_of

FORMATTER = import_string(settings.LOGGING["formatters"]["json"]["()"])()


@pytest.fixture
def lines(caplog):
    """Return the lines that were logged, as the service writes them."""
    caplog.set_level(logging.INFO)
    return lambda: [FORMATTER.format(record) for record in caplog.records]


def test_request_has_one_line_that_names_it(api, alice, lines):
    response = api.get("/api/auth/me?verbose=1", HTTP_X_REQUEST_ID="mine")

    [line] = lines()
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry.pop("ms") > 0
    assert entry == {
        "level": "info",
        "logger": "focusmaster.request",
        "message": "request",
        "method": "GET",
        "path": "/api/auth/me",
        "status": response.status_code,
        "user": alice.pk,
        "requestId": "mine",
    }


def test_line_of_a_stranger_has_no_user(anonymous, lines):
    anonymous.get("/api/auth/me")

    [line] = lines()
    entry = json.loads(line)
    assert (entry["status"], entry["user"]) == (401, None)


def test_line_of_a_cookie_from_a_foreign_site_names_its_user(alice, lines):
    browser = browser_of(alice)

    browser.patch("/api/auth/me", {}, HTTP_ORIGIN="https://evil.example.com")

    [line] = lines()
    entry = json.loads(line)
    assert (entry["status"], entry["user"]) == (403, alice.pk)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/nothing", {}, 404),
        ("/api/health", {"HTTP_HOST": "evil.example.com"}, 400),
        ("/api/health", {"HTTP_ACCEPT": "text/html"}, 406),
    ],
)
def test_refused_request_has_one_line_too(anonymous, lines, path, headers, status):
    anonymous.get(path, **headers)

    [line] = lines()
    assert json.loads(line)["status"] == status


def test_preflight_has_one_line_too(anonymous, lines):
    anonymous.options(
        "/api/tasks",
        HTTP_ORIGIN=settings.CLIENT_ORIGINS[0],
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
    )

    [line] = lines()
    assert json.loads(line)["method"] == "OPTIONS"


def test_line_stays_one_line(anonymous, lines):
    anonymous.get("/api/a%0Ab%22%C3%A4%FF")

    [line] = lines()
    assert "\n" not in line
    assert json.loads(line)["path"] == '/api/a\nb"ä%FF'


def test_no_secret_is_logged(anonymous, lines):
    account = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}
    token = anonymous.post("/api/auth/register", account).json()["token"]
    secrets = [token, token.split(".")[2], PASSWORD, "tea for two 2"]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}

    anonymous.post("/api/auth/login", {**account, "password": "tea for two 2"})
    anonymous.get(f"/api/auth/me?token={token}", **bearer)
    anonymous.get(f"/api/nothing?password={PASSWORD}")
    anonymous.patch(
        "/api/auth/me", {"password": PASSWORD, "currentPassword": 1}, **bearer
    )
    anonymous.post("/api/auth/logout", **bearer)

    assert User.objects.filter(email="carol@example.com").exists()
    assert len(lines()) == 6
    assert not [line for line in lines() if any(secret in line for secret in secrets)]


def test_crash_is_logged_with_its_traceback_on_one_line():
    record = logging.LogRecord("x", logging.ERROR, "", 0, "Oh %s", ("no",), None)
    try:
        raise ValueError("the reason")
    except ValueError as exc:
        record.exc_info = (ValueError, exc, exc.__traceback__)

    line = FORMATTER.format(record)

    assert "\n" not in line
    entry = json.loads(line)
    assert entry["message"] == "Oh no"
    assert entry["traceback"].endswith("ValueError: the reason")
