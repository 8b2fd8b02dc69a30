"""Focus by hour and mood, and tasks by priority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count

from analytics.caching import cached_by_version
from kanban.models import Task
from pomodoro.totals import focus_by_hour, focus_by_mood

if TYPE_CHECKING:
    from accounts.models import User

# In the order of the response.
PRIORITIES = {
    "High": Task.Priority.HIGH,
    "Medium": Task.Priority.MEDIUM,
    "Low": Task.Priority.LOW,
}

hours = cached_by_version(focus_by_hour)
moods = cached_by_version(focus_by_mood)


def distribution(user: User) -> list[dict[str, Any]]:
    """Return how many of the user's tasks have each priority; one query."""
    tasks = Task.objects.owned_by(user).order_by().values_list("priority")
    found = dict(tasks.annotate(number=Count("*")))
    return [
        {"name": name, "value": found.get(priority, 0)}
        for name, priority in PRIORITIES.items()
    ]
