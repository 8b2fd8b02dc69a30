"""Where focus went: to which hours, moods and tasks, and what is on the board."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from analytics.caching import cached_by_version
from focusmaster.db.statements import Param, Statement, select_statement
from kanban.models import Task
from pomodoro.totals import focus_by_hour, focus_by_mood

if TYPE_CHECKING:
    from accounts.models import User

# The highest first, as they are shown.
PRIORITIES = {
    "High": Task.Priority.HIGH,
    "Medium": Task.Priority.MEDIUM,
    "Low": Task.Priority.LOW,
}

hours = cached_by_version(focus_by_hour)
moods = cached_by_version(focus_by_mood)


def distribution(user: User) -> list[dict[str, Any]]:
    """Return how many of the user's tasks have each priority; one query."""
    found = dict(_by_priority().rows({"user": bytes.fromhex(user.pk)}))
    return [
        {"name": name, "value": found.get(priority, 0)}
        for name, priority in PRIORITIES.items()
    ]


@cache
def _by_priority() -> Statement:
    tasks = Task.objects.owned_by(Param("user")).order_by().values_list("priority")
    return select_statement(tasks.annotate(number=Count("*")))
