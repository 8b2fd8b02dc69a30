"""What a request costs, in figures that are the same on every machine.

Timings belong in `benchmarks/`. The number of Python functions that a request calls
moves with them, and is exact: a middleware, a query through the ORM or a serializer for
each row shows here at once. A limit is a little above what was counted when it was set;
lower it when a change makes a request cheaper.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from accounts.models import User
from conftest import token_of
from focusmaster.environment import Rate
from focusmaster.wsgi import Handler, disconnect_needless, resolve
from kanban.models import Task
from pomodoro.models import PomodoroSession

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 100


@pytest.fixture
def busy(alice, settings) -> User:
    """Alice with 100 tasks and a session on each, all in this week.

    Her requests are counted, as they are outside of tests.
    """
    settings.RATE_LIMITS = {"user": Rate(10**6, 3600)}
    tasks = [Task.objects.add(user=alice, title=f"Task {n}") for n in range(ROWS)]
    now = timezone.now()
    PomodoroSession.objects.bulk_create(
        PomodoroSession(
            user=alice,
            task=task,
            type="focus",
            started_at=now - timedelta(minutes=30 * n),
            duration=1500,
        )
        for n, task in enumerate(tasks)
    )
    return alice


def request(handler: Handler, path: str, query: str, token: str) -> bytes:
    """Send one request the way a server's worker does; return the body."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }
    statuses = []
    (body,) = handler(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["200 OK"]
    return body


def calls_of(handler: Handler, *target: str) -> int:
    """Return how many Python functions one request calls, once all is warm."""
    disconnect_needless()  # The test client of another test connects some again.
    for _ in range(3):
        request(handler, *target)
    count = 0

    def note(frame, event, argument) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        request(handler, *target)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("path", "query", "limit"),
    [
        ("/api/auth/me", "", 253),
        ("/api/tasks", "", 315),
        ("/api/sessions", "range=week", 374),
        ("/api/sessions/stats", "", 279),
        ("/api/analytics/productivity", "range=month", 308),
    ],
)
def test_request_calls_few_functions(busy, path, query, limit):
    resolve.cache_clear()

    count = calls_of(Handler(), path, query, str(token_of(busy)))

    assert count <= limit


def test_list_calls_no_function_for_each_row(busy):
    handler, token = Handler(), str(token_of(busy))
    many = calls_of(handler, "/api/sessions", "range=week", token)
    PomodoroSession.objects.all().delete()

    few = calls_of(handler, "/api/sessions", "range=week", token)

    assert many == few
