"""Behind a proxy the service speaks another interface, with the same responses."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack

from focusmaster.tests.processes import Service

MEBIBYTE = 2**20
BODY = b'{"title": "Caf\xc3\xa9"}'
CHUNKED = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, BODY[:5], len(BODY) - 5, BODY[5:])
# Of a response what is the same for the same request.
COMPARED = ("content-type", "content-length", "vary", "cache-control", "allow")


def exchange(service: Service, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes, and read until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        while part := client.recv(2**16):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    return int(first.split()[1]), {name.lower(): value for name, value in fields}, body


def http(line: str, *headers: str, body: bytes = b"") -> bytes:
    head = [line + " HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def test_responses_are_those_without_a_proxy(migrated_dir):
    with ExitStack() as stack:
        alone, behind = (
            stack.enter_context(Service(migrated_dir, "--workers", "1", **variables))
            for variables in ({}, {"PROXY_COUNT": "1"})
        )
        _, text = alone.send("POST", "/api/auth/guest")
        caller = f"Authorization: Bearer {json.loads(text)['token']}"
        kind, length = "Content-Type: application/json", f"Content-Length: {len(BODY)}"
        large = f"Content-Length: {MEBIBYTE + 1}"
        requests = {
            "me": http("GET /api/auth/me", caller),
            "head": http("HEAD /api/auth/me", caller),
            "no token": http("GET /api/auth/me"),
            "cookies": http("GET /api/auth/me", "Cookie: a=1", "Cookie: b=2"),
            "query": http("GET /api/tasks?search=caf%C3%A9&status=done", caller),
            "bad query": http("GET /api/tasks?stauts=done", caller),
            "path": http("GET /api/t%C3%A4sks/%F0%9F%8D%85", caller),
            "created": http("POST /api/tasks", caller, kind, length, body=BODY),
            "chunks": http(
                *("POST /api/tasks", caller, kind, "Transfer-Encoding: chunked"),
                body=CHUNKED,
            ),
            "no body": http("POST /api/tasks", caller, kind, "Content-Length: 0"),
            "too large": http(
                *("POST /api/tasks", caller, kind, large), body=b" " * (MEBIBYTE + 1)
            ),
            "too large, asked first": http(
                "POST /api/tasks", caller, kind, large, "Expect: 100-continue"
            ),
            "file": http("GET /api/clock/export", caller),
            "download": http("GET /api/gdpr/export", caller),
            "page": http("GET /admin/login/"),
            "style": http("GET /static/admin/css/base.css"),
            "preflight": http(
                "OPTIONS /api/tasks",
                "Origin: http://localhost:3000",
                "Access-Control-Request-Method: POST",
            ),
            "old": b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n",
        }
        for name, request in requests.items():
            expected, found = exchange(alone, request), exchange(behind, request)

            assert found[0] == expected[0], (name, expected, found)
            # The place of a card on its board is another.
            if found[0] == 201:
                continue
            for header in COMPARED:
                assert found[1].get(header) == expected[1].get(header), (name, header)
            assert len(found[2]) == len(expected[2]), (name, expected, found)

        assert exchange(behind, requests["created"])[0] == 201
        assert exchange(behind, requests["too large"])[0] == 413


def test_header_names_with_underscores_are_dropped(migrated_dir):
    """One with an underscore reads like one of the proxy in WSGI."""
    wrong = json.dumps({"email": "a@example.com", "password": "guessed-1234"}).encode()
    with Service(migrated_dir, "--workers", "1", PROXY_COUNT="1") as service:
        statuses = []
        for number in range(40):
            first, second = f"X_Forwarded_For: 10.0.0.{number}", "X-Forwarded_For: 1"
            proxy = "X-Forwarded-For: 192.0.2.1"
            # After, between and before what the proxy adds.
            places = [[proxy, first, second], [first, proxy, second], [first, proxy]]
            body = wrong.replace(b"a@", b"a%d@" % number)
            request = http(
                "POST /api/auth/login",
                *places[number % 3],
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                body=body,
            )
            statuses.append(exchange(service, request)[0])

    assert statuses == [401] * 30 + [429] * 10


def test_forged_scheme_is_ignored(migrated_dir):
    with Service(
        migrated_dir, "--workers", "1", TRUST_FORWARDED_PROTO="true"
    ) as service:
        forged = http("POST /api/auth/guest", "X_Forwarded_Proto: https")
        given = http("POST /api/auth/guest", "X-Forwarded-Proto: https")

        cookies = [
            exchange(service, request)[1]["set-cookie"] for request in (forged, given)
        ]
        status, output = service.stop()

    assert status == 0
    assert "Traceback" not in output
    assert ["Secure" in cookie for cookie in cookies] == [False, True]
