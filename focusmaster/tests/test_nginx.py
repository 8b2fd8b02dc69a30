"""The sample file for nginx, with a real nginx before the real service."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from focusmaster.tests.nginx import HOST, NGINX, Nginx
from focusmaster.tests.processes import Service, free_port, until

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="needs nginx")
KB = 1000


def assert_error(
    response: tuple[int, dict[str, str], bytes], status: int, code: str
) -> None:
    found, headers, body = response
    error = json.loads(body)
    assert (found, error["code"]) == (status, code)
    assert error.keys() == {"message", "code", "requestId"}
    assert headers["X-Request-Id"] == error["requestId"]
    assert headers["Content-Type"] == "application/json"


def test_refusals_of_nginx_have_the_one_shape(migrated_dir, tmp_path):
    allowed = {"ALLOWED_HOSTS": "focus.example.com,127.0.0.1"}
    with (
        Service(migrated_dir, "--workers", "1", **allowed) as service,
        Nginx(tmp_path, service.port) as nginx,
    ):
        status, _, body = nginx.get("/api/health")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        assert nginx.get("/api/nowhere")[0] == 404
        for malformed in (
            b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
            b"G@T /api/health HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /api/health HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
            b"GET /api/health HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n",
            b"POST /api/tasks HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: x\r\n\r\n",
        ):
            assert_error(nginx.send(malformed), 400, "malformed_request")
        long = "/api/tasks?search=" + "x" * 60 * KB
        assert_error(nginx.get(long), 414, "uri_too_long")
        note = b"X-Note: " + b"x" * 60 * KB + b"\r\n"
        start = b"GET /api/health HTTP/1.1\r\n" + HOST
        assert_error(nginx.send(start + note + b"\r\n"), 431, "headers_too_large")
        assert nginx.get("/.refused/large")[0] == 404


def test_log_of_nginx_has_neither_ids_nor_queries(tmp_path):
    guest = "6b0a8dbc3d7e3e60ebb0e18c"
    with Nginx(tmp_path, free_port()) as nginx:
        for path in (
            f"/api/admin/users/{guest}/ban",
            f"/api/tasks/{guest}?x=1",
            f"/admin/accounts/user/ban/?id={guest}",
            "/api/health",
        ):
            assert nginx.get(path)[0] == 502
        # A line is written after its response.
        until(lambda: nginx.log.read_text().count("\n") == 4)

    paths = [line.split('"')[1] for line in nginx.log.read_text().splitlines()]
    assert paths == [
        "GET /api/admin/users/{id}/ban",
        "GET /api/tasks/{id}",
        "GET /admin/accounts/user/ban/",
        "GET /api/health",
    ]


@pytest.mark.parametrize("size", [1100 * KB, 3000 * KB])
def test_large_body_has_the_one_error_whoever_refuses_it(migrated_dir, tmp_path, size):
    with (
        Service(migrated_dir, "--workers", "1") as service,
        Nginx(tmp_path, service.port) as nginx,
        closing(HTTPConnection("127.0.0.1", nginx.port, timeout=20)) as client,
    ):
        headers = {"Content-Type": "application/json", "Host": "localhost"}
        client.request("POST", "/api/auth/login", b"x" * size, headers)
        response = client.getresponse()

        told = {name.title(): value for name, value in response.getheaders()}
        found = response.status, told, response.read()
        assert_error(found, 413, "payload_too_large")


def test_service_that_is_gone_has_the_one_shape(tmp_path):
    with Nginx(tmp_path, free_port()) as nginx:
        response = nginx.get("/api/health")

    assert_error(response, 502, "bad_gateway")
    assert response[1]["Retry-After"] == "5"
