"""A list costs Python no more with many rows than with few: PostgreSQL writes the JSON.

Timings belong in `benchmarks/`; the number of functions that a request calls is the
same on every machine.
"""

from __future__ import annotations

import sys

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

pytestmark = pytest.mark.django_db(transaction=True)


def add_rows(user: User, count: int) -> None:
    """Add tasks of today with a session on each."""
    for number in range(count):
        task = Task.objects.add(user=user, title=f"Task {number}")
        PomodoroSession.objects.log(
            user_id=user.pk,
            task=task,
            type="focus",
            started_at=timezone.now(),
            duration=1500,
        )


def function_calls(client: APIClient, url: str) -> int:
    """Return how many Python functions one request calls, once all is warm.

    The least of some: a garbage collection in between calls functions, too.
    """
    assert client.get(url).status_code == 200
    return min(calls_of_one(client, url) for _ in range(5))


def calls_of_one(client: APIClient, url: str) -> int:
    count = 0

    def note(frame, event, argument) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        client.get(url)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "url", ["/api/tasks", "/api/sessions?range=week", "/api/sessions?limit=50"]
)
def test_list_calls_no_function_for_each_row(alice, url):
    client = client_of(alice)
    add_rows(alice, 2)
    few = function_calls(client, url)

    add_rows(alice, 40)

    assert function_calls(client, url) == few
