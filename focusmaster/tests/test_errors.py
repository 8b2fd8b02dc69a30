from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.api.middleware import DRAIN_BYTES, with_whole_bodies

LOGIN = "/api/auth/login"
LOGOUT = "/api/auth/logout"
ME = "/api/auth/me"
SESSIONS = "/api/sessions"
TASKS = "/api/tasks"

# Every call of the service that needs a token.
PROTECTED = [
    ("get", ME),
    ("patch", ME),
    ("get", "/api/auth/profile"),
    ("put", "/api/auth/profile"),
    ("post", "/api/auth/refresh"),
    ("get", "/api/auth/devices"),
    ("delete", "/api/auth/devices"),
    ("delete", "/api/auth/devices/507f1f77bcf86cd799439011"),
    ("get", TASKS),
    ("post", TASKS),
    ("get", f"{TASKS}/507f1f77bcf86cd799439011"),
    ("put", f"{TASKS}/507f1f77bcf86cd799439011"),
    ("patch", f"{TASKS}/507f1f77bcf86cd799439011"),
    ("delete", f"{TASKS}/507f1f77bcf86cd799439011"),
    ("get", SESSIONS),
    ("post", SESSIONS),
    ("get", f"{SESSIONS}/507f1f77bcf86cd799439011"),
    ("patch", f"{SESSIONS}/507f1f77bcf86cd799439011"),
    ("delete", f"{SESSIONS}/507f1f77bcf86cd799439011"),
    ("get", f"{SESSIONS}/stats"),
    ("get", "/api/analytics/productivity"),
]


@pytest.fixture
def stranger() -> APIClient:
    """A client without a token, for requests that no view sees."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def faults(settings) -> None:
    settings.ROOT_URLCONF = "focusmaster.tests.faults"


def assert_error(response, status: int, code: str, message: str | None = None) -> None:
    """Assert the one shape that every error has, and its request id."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() - {"errors"} == {"message", "code", "requestId"}
    assert body["code"] == code
    assert body["message"]
    assert message in (None, body["message"])
    assert body["requestId"] == response["X-Request-Id"]


def send(client: APIClient, body: bytes, path: str = LOGIN, **headers):
    return client.generic(
        "POST", path, body, content_type="application/json", **headers
    )


# Before a view


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing/here",
        "/api/auth",
        "/api/auth/me/more",
        "/api/auth/me%0A",
        "/api/tasks//",
        "/api/%00",
        "/api/%ff%fe",
    ],
)
def test_unknown_path_is_not_found(stranger, path):
    response = stranger.get(path)

    assert_error(response, 404, "not_found", "Resource not found")
    assert "errors" not in response.json()


def test_unknown_path_is_not_found_whatever_is_accepted(stranger):
    response = stranger.post("/api/nothing", {}, HTTP_ACCEPT="text/html")

    assert_error(response, 404, "not_found")


def test_path_outside_of_the_api_gets_a_page(stranger):
    response = stranger.get("/nothing")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("host", ["evil.example.com", "bad_host!", "localhost:port"])
def test_foreign_host_is_refused(stranger, host):
    response = stranger.get("/api/health", HTTP_HOST=host)

    assert_error(response, 400, "host_not_allowed")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_anonymous_caller_is_unauthorized(anonymous, method, path):
    response = getattr(anonymous, method)(path)

    assert_error(response, 401, "not_authenticated", "Not authorized, token failed")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_trailing_slash_is_tolerated(anonymous, method, path):
    response = getattr(anonymous, method)(f"{path}/")

    assert_error(response, 401, "not_authenticated")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", LOGIN, "POST, OPTIONS"),
        ("PUT", "/api/auth/register", "POST, OPTIONS"),
        ("POST", "/api/health", "GET, HEAD, OPTIONS"),
        ("SPLIT", "/api/health", "GET, HEAD, OPTIONS"),
    ],
)
def test_wrong_method_is_refused(stranger, method, path, allowed):
    response = stranger.generic(method, path)

    assert_error(response, 405, "method_not_allowed")
    assert response["Allow"] == allowed


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml, text/plain", "*/*;q=0", "nonsense"]
)
def test_answer_in_another_type_is_not_acceptable(stranger, accept):
    response = stranger.get("/api/health", HTTP_ACCEPT=accept)

    assert_error(response, 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/*",
        "Application/JSON; charset=utf-8",
        "",
    ],
)
def test_answer_in_json_is_acceptable(stranger, accept):
    response = stranger.get("/api/health", HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_format_parameter_means_nothing(stranger):
    response = stranger.get("/api/health?format=html")

    assert response.status_code == 200


# Bodies


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/*",
        "*/*",
        "nonsense",
        "",
    ],
)
def test_body_of_another_type_is_refused(stranger, content_type):
    response = stranger.generic(
        "POST", LOGIN, b'{"email": "a@example.com"}', content_type=content_type
    )

    assert_error(response, 415, "unsupported_media_type")


def test_body_of_another_type_is_refused_where_none_is_wanted(stranger):
    response = stranger.generic("POST", LOGOUT, b"a=1", content_type="text/plain")

    assert_error(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON"]
)
def test_json_type_may_have_parameters_and_capitals(stranger, content_type):
    response = stranger.generic("POST", LOGIN, b"{}", content_type=content_type)

    assert_error(response, 400, "invalid")


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data"])
def test_call_without_a_body_needs_no_content_type(anonymous, content_type):
    response = anonymous.generic("POST", LOGOUT, content_type=content_type)

    assert response.status_code == 200


def test_body_of_a_mebibyte_is_read(stranger):
    body = b'{"a": 1}'.ljust(settings.MAX_BODY_BYTES)

    response = send(stranger, body)

    assert_error(response, 400, "invalid", "a: there is no such field")


@pytest.mark.parametrize("path", [LOGIN, LOGOUT, ME])
def test_body_over_a_mebibyte_is_too_large(stranger, path):
    body = b"{}".ljust(settings.MAX_BODY_BYTES + 1)

    response = send(stranger, body, path)

    assert_error(response, 413, "payload_too_large")


# How a server hands over a body whose length was not announced.
UNMEASURED = [
    {"HTTP_TRANSFER_ENCODING": "chunked"},
    {"SERVER_PROTOCOL": "HTTP/2"},
]


def post_unmeasured(body: BytesIO, headers: dict[str, str]) -> tuple[str, dict]:
    """Send a body to the WSGI application; return the status and the error."""
    environ = RequestFactory().post(LOGIN, content_type="application/json").environ
    del environ["CONTENT_LENGTH"]
    statuses = []
    application = with_whole_bodies(WSGIHandler())
    response = application(
        environ | headers | {"wsgi.input": body},
        lambda status, headers: statuses.append(status),
    )
    return statuses[0], json.loads(b"".join(response))


@pytest.mark.parametrize("headers", UNMEASURED)
def test_body_without_length_over_a_mebibyte_is_too_large(db, headers):
    body = BytesIO(b"{}".ljust(settings.MAX_BODY_BYTES * 20))

    status, error = post_unmeasured(body, headers)

    assert (status, error["code"]) == (
        "413 Request Entity Too Large",
        "payload_too_large",
    )
    # The rest is dropped, so that a client that still sends gets the response; not an
    # endless one.
    assert body.tell() == DRAIN_BYTES + settings.MAX_BODY_BYTES + 1


@pytest.mark.parametrize("headers", UNMEASURED)
def test_body_without_length_is_read(db, headers):
    body = BytesIO(b'{"a": 1}')

    status, error = post_unmeasured(body, headers)

    assert (status, error["code"]) == ("400 Bad Request", "invalid")
    assert error["message"] == "a: there is no such field"


def test_length_that_is_no_number_counts_as_none(stranger):
    response = send(stranger, b"", CONTENT_LENGTH="\xb2")

    assert_error(response, 400, "invalid")


def test_refusal_of_a_large_body_can_be_read_by_the_web_client(stranger):
    origin = settings.CLIENT_ORIGINS[0]

    response = send(stranger, b" " * (settings.MAX_BODY_BYTES + 1), HTTP_ORIGIN=origin)

    assert_error(response, 413, "payload_too_large")
    assert response["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"   ",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} x',
        b"\xef\xbb\xbf" * 2 + b"{}",
        b'{"a": 01}',
        b'{"a": "\t"}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": "ä"}'.encode("utf-16"),
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": [-Infinity]}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "b": 2, "a": 1}',
        b'{"a": [{"b": {"c": 1, "c": 2}}]}',
        b'{"a\\u0000": 1}',
        b'{"a": "\\u0000"}',
        b'{"a": ["b", ["\\u0000"]]}',
        b'{"a": [[{"b": "\\u0000"}]]}',
        b'{"\\ud800": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00\\ud800"}',
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"' + b"[" * 40 + b'\\"' * 400_000 + b"]",
        b'"[" ' + b'"[{",' * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_broken_json_is_refused(stranger, body):
    response = send(stranger, body)

    assert_error(response, 400, "parse_error")


def test_names_given_twice_among_many_are_refused(stranger):
    names = ",".join(f'"name {n}": 1' for n in range(60_000))

    response = send(stranger, f'{{{names}, "name 59999": 2}}'.encode())

    assert_error(response, 400, "parse_error", "The body names 'name 59999' twice.")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 32 + b"]" * 32,
        b'"' + b"[" * 100 + b'"',
        b'"\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["',
        b"[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]"
        b",[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]",
        b"null",
        b"true",
        b"12",
        b'"text"',
        b"[]",
        b"[1, 2]",
    ],
)
def test_json_that_is_no_object_is_invalid(stranger, body):
    response = send(stranger, body)

    assert_error(response, 400, "invalid")
    assert response.json()["errors"][0]["field"] == ""


def test_surrogate_pairs_and_any_other_text_are_taken(api, alice):
    response = api.generic(
        "PATCH",
        ME,
        rb'{"name": "\ud83c\udf45 \u00e4"}',
        content_type="application/json",
    )

    assert response.status_code == 200
    assert response.json()["name"] == "🍅 ä"
    alice.refresh_from_db()
    assert alice.name == "🍅 ä"


def test_first_problem_is_the_message_and_all_are_listed(anonymous):
    response = anonymous.post(
        "/api/auth/register", {"name": "", "email": "a@b.example"}
    )

    assert_error(response, 400, "invalid", "name: give at least one character")
    assert response.json()["errors"] == [
        {"field": "name", "message": "give at least one character"},
        {"field": "password", "message": "This field is required."},
    ]
    assert not User.objects.exists()


def test_nested_problem_is_named_by_its_path(api):
    response = api.patch(ME, {"settings": {"dailyGoal": 0}})

    assert_error(response, 400, "invalid", "settings.dailyGoal: give at least 1")


def test_unknown_fields_are_named(api):
    response = api.patch(ME, {"nmae": "Alicia", "settings": {"tehme": "dark"}})

    assert_error(response, 400, "invalid", "nmae: there is no such field")


def test_many_unknown_fields_are_not_all_named(stranger):
    response = stranger.post(LOGIN, {f"name{n:06}": n for n in range(50_000)})

    assert_error(response, 400, "invalid", "name000000: there is no such field")
    assert len(response.json()["errors"]) == 20


# Ids and query parameters


@pytest.mark.parametrize("path", [TASKS, SESSIONS, "/api/auth/devices"])
@pytest.mark.parametrize(
    "row",
    [
        "1",
        "507f1f77bcf86cd79943901",
        "507f1f77bcf86cd7994390111",
        "507F1F77BCF86CD799439011",
        "507f1f77bcf86cd79943901g",
        "%D9%A150" + "0" * 21,
        "507f1f77bcf86cd799439011%0A",
        "%00",
        "%ED%A0%80",
        "%ff",
        "'; --",
    ],
)
def test_malformed_id_is_not_found(api, path, row):
    response = api.delete(f"{path}/{row}")

    assert_error(response, 404, "not_found", "Resource not found")


@pytest.mark.parametrize("name", ["range", "from", "to", "tz"])
@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "%FF", "week%00", "x" * 5000])
def test_odd_query_parameter_is_invalid(api, name, value):
    response = api.get(f"{SESSIONS}?{name}={value}")

    assert_error(response, 400, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == [name]


# Crashes and outages


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize("path", ["crash", "unwritable", "plain-crash"])
def test_crash_tells_nothing_but_is_logged(stranger, caplog, path):
    response = stranger.get(f"/api/faults/{path}")

    assert_error(response, 500, "server_error", "Server error")
    assert "combination" not in response.content.decode()
    [record] = [one for one in caplog.records if one.name == "focusmaster.api"]
    assert record.exc_info
    assert record.fields == {"requestId": response["X-Request-Id"]}


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize("path", ["forbidden", "plain-forbidden"])
def test_refusal_without_words_has_the_published_ones(stranger, path):
    response = stranger.get(f"/api/faults/{path}")

    assert_error(response, 403, "permission_denied", "Access denied")


@pytest.mark.usefixtures("faults")
def test_suspicious_request_is_wrong_by_itself(stranger):
    response = stranger.get("/api/faults/plain-suspicious")

    assert_error(response, 400, "invalid", "Invalid input data")


@pytest.fixture
def no_database(transactional_db, tmp_path):
    """Let every new connection meet a server that is not there."""
    database = connections["default"]
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database.settings_dict, "HOST", str(tmp_path))
        patch.setattr(database, "embedded", None, raising=False)
        yield


@pytest.mark.usefixtures("no_database")
def test_database_that_does_not_answer_is_unavailable(stranger):
    credentials = {"email": "alice@example.com", "password": "correct horse 1"}

    response = stranger.post(LOGIN, credentials)

    assert_error(response, 503, "database_unavailable")
    assert int(response["Retry-After"]) >= 1


def test_token_cannot_be_checked_without_a_database(api, no_database):
    response = api.get(ME)

    assert_error(response, 503, "database_unavailable")
    assert int(response["Retry-After"]) >= 1


@pytest.mark.usefixtures("no_database")
def test_service_is_alive_without_a_database(stranger):
    assert stranger.get("/api/health").status_code == 200


# HEAD and OPTIONS


@pytest.mark.parametrize(
    "path", [ME, "/api/auth/devices", TASKS, SESSIONS, "/api/health"]
)
def test_head_answers_as_get_does(api, path):
    get = api.get(path)
    head = api.head(path)

    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head["Content-Type"] == get["Content-Type"]


@pytest.mark.parametrize(
    "path",
    [
        *dict.fromkeys(path for _, path in PROTECTED),
        LOGIN,
        LOGOUT,
        "/api/auth/register",
        "/api/health",
        f"{TASKS}/nonsense",
    ],
)
def test_options_tells_the_methods(api, path):
    response = api.options(path)

    assert response.status_code == 200
    assert response.json()["methods"] == response["Allow"].split(", ")
