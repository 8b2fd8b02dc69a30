"""What holds threads leaves some for others: sign-ins, and a database that hangs."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import psycopg
import pytest

from focusmaster.api.admission import STUCK_SECONDS
from focusmaster.db.statement_timeout import LOCK_SECONDS
from focusmaster.postgresql.embedded import PORT, ROLE, server_in
from focusmaster.tests.processes import Service, hung_database, until

HEALTH, READY = "/api/health", "/api/health/ready"
LOGIN = "/api/auth/login"
WRONG = {"email": "nobody@example.com", "password": "a-wrong-password-1"}


def timed(service, method, path, body=None, **headers):
    """Return status, body and seconds."""
    began = time.monotonic()
    status, text = service.send(method, path, body, **headers)
    return status, json.loads(text), time.monotonic() - began


def guest(service) -> dict[str, str]:
    status, text = service.send("POST", "/api/auth/guest")
    assert status == 200
    return {"Authorization": f"Bearer {json.loads(text)['token']}"}


def test_hung_database_holds_up_no_sign_of_life(migrated_dir):
    with Service(migrated_dir, "--workers", "1", WEB_THREADS="4") as service:
        caller = guest(service)
        with ThreadPoolExecutor(12) as clients:
            with hung_database(migrated_dir):
                waiting = [
                    clients.submit(timed, service, "GET", "/api/auth/me", **caller)
                    for _ in range(12)
                ]
                time.sleep(0.2)
                first = timed(service, "GET", HEALTH)
                ready = timed(service, "GET", READY)
                later = [timed(service, "GET", HEALTH) for _ in range(5)]
                refused = timed(service, "GET", "/api/tasks", **caller)
            statuses = Counter(future.result()[0] for future in waiting)
        until(service.is_ready)
        after = timed(service, "GET", "/api/auth/me", **caller)

    assert (first[0], ready[0], after[0]) == (200, 503, 200)
    assert first[2] < STUCK_SECONDS + 1
    assert ready[2] < 2
    assert [status for status, _, _ in later] == [200] * 5
    assert max(seconds for _, _, seconds in later) < 0.5
    assert (refused[0], refused[1]["code"]) == (503, "server_busy")
    # Those that had a place are answered when the database is back, others at once.
    assert statuses == {200: 3, 503: 9}


@pytest.mark.parametrize("path", [LOGIN, f"{LOGIN}/", "/api/auth/register"])
def test_flood_of_sign_ins_leaves_threads_for_others(migrated_dir, path):
    body = WRONG | ({"name": "Nobody"} if path.endswith("register") else {})
    with Service(migrated_dir, "--workers", "1", WEB_THREADS="4") as service:
        caller = guest(service)
        with ThreadPoolExecutor(100) as clients:
            flood = [
                clients.submit(timed, service, "POST", path, body) for _ in range(200)
            ]
            others = [
                timed(service, "GET", "/api/auth/me", **caller) for _ in range(10)
            ]
            answers = [future.result() for future in flood]

    statuses = Counter(status for status, _, _ in answers)
    assert statuses[503] > 50, statuses
    assert set(statuses) <= {201, 401, 409, 429, 503}
    busy = next(body for status, body, _ in answers if status == 503)
    assert busy["code"] == "sign_in_busy"
    assert len(busy["requestId"]) == 32
    assert [status for status, _, _ in others] == [200] * 10
    assert max(seconds for _, _, seconds in others) < 5


def test_refused_sign_in_can_be_read_by_a_web_client(migrated_dir):
    """It says when to come again, on a connection that goes on."""
    origin = "http://localhost:3000"
    headers = {"Content-Type": "application/json", "Origin": origin}
    with (
        Service(migrated_dir, "--workers", "1", WEB_THREADS="4") as service,
        ThreadPoolExecutor(2) as clients,
        closing(HTTPConnection("127.0.0.1", service.port)) as client,
        hung_database(migrated_dir),
    ):
        for _ in range(2):
            clients.submit(timed, service, "POST", LOGIN, WRONG)
        time.sleep(0.2)
        for _ in range(3):
            client.request("POST", LOGIN, json.dumps(WRONG), headers)
            response = client.getresponse()
            body = json.loads(response.read())

    assert (response.status, body["code"]) == (503, "sign_in_busy")
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "retry-after" in response.headers["Access-Control-Expose-Headers"]


def test_request_waits_for_no_lock_without_end(migrated_dir):
    with Service(migrated_dir, "--workers", "1") as service:
        caller = guest(service)
        server = server_in(migrated_dir / "postgresql")
        with psycopg.connect(
            host=str(server.socket_dir), port=PORT, user=ROLE, dbname="focusmaster"
        ) as other:
            other.execute("LOCK TABLE kanban_task IN ACCESS EXCLUSIVE MODE")
            status, body, seconds = timed(service, "GET", "/api/tasks", **caller)
            other.rollback()
        after = timed(service, "GET", "/api/tasks", **caller)

    assert (status, body["code"]) == (503, "database_unavailable")
    assert LOCK_SECONDS <= seconds < LOCK_SECONDS + 3
    assert after[0] == 200
