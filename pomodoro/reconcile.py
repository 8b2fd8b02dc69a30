"""Recounting from sessions: points, totals, completed Pomodoros of tasks, badges.

Triggers and `pomodoro.badges` keep these in step with the rows. They differ only after
rows were written past them: by a restored table, with triggers disabled, or by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Progress, User
from kanban.models import Task
from pomodoro.badges import unearned_by
from pomodoro.models import PomodoroSession

# People who are locked and recounted in one transaction; their own changes wait for it.
PEOPLE_PER_BATCH = 50

COMPLETED = Q(type=PomodoroSession.Type.FOCUS, completed=True)
COMPLETED_ON_TASK = Q(
    sessions__type=PomodoroSession.Type.FOCUS, sessions__completed=True
)
NOTHING = {"points": 0, "focus_count": 0, "focus_seconds": 0}


class Difference(NamedTuple):
    """A column whose value is not what its sessions add up to."""

    row: Progress | Task
    column: str
    stored: Any
    counted: Any

    def correct(self) -> None:
        """Write the counted value; one query."""
        rows = type(self.row).objects.filter(pk=self.row.pk)
        rows.update(**{self.column: self.counted})


def recount(
    people: QuerySet[User], *, dry_run: bool = False
) -> Iterator[tuple[int, list[Difference]]]:
    """Correct the differences; yield, by batch, the number of people and these.

    A batch is one transaction that takes its owners' locks before it reads. So it sees
    a concurrent session with all its totals, or not at all, and then the session adds
    to the corrected totals. 5 queries a batch, and one for each time zone among its
    people and for each difference.
    """
    last = None
    while True:
        rest = people.filter(pk__gt=last) if last else people
        with transaction.atomic():
            batch = list(
                rest.order_by("pk").select_for_update(no_key=True)[:PEOPLE_PER_BATCH]
            )
            differences = [*_of_people(batch), *_of_tasks(batch)]
            if not dry_run:
                for difference in differences:
                    difference.correct()
        if not batch:
            return
        last = batch[-1].pk
        yield len(batch), differences


def _of_people(users: list[User]) -> Iterator[Difference]:
    focus = PomodoroSession.objects.focus().filter(user__in=users).order_by()
    by_user = focus.values("user_id").annotate(
        points=10 * Count("pk", filter=COMPLETED),
        focus_count=Count("pk"),
        focus_seconds=Sum("duration"),
    )
    counted = {row.pop("user_id"): row for row in by_user}
    progress = Progress.objects.select_related("user").in_bulk([u.pk for u in users])
    for pk, stored in progress.items():
        for column, number in counted.get(pk, NOTHING).items():
            if (value := getattr(stored, column)) != number:
                yield Difference(stored, column, value, number)
    # Badges that have not been awarded yet are no difference.
    looked_at = [user for user in users if not progress[user.pk].has_unseen_sessions]
    held = {pk: stored.badges for pk, stored in progress.items()}
    for user, badges in unearned_by(looked_at, held):
        had = held[user.pk]
        yield Difference(progress[user.pk], "badges", had, [*had, *badges])


def _of_tasks(users: list[User]) -> Iterator[Difference]:
    counted = Count("sessions", filter=COMPLETED_ON_TASK)
    tasks = Task.objects.filter(user__in=users).annotate(counted=counted)
    differing = tasks.exclude(session_count=F("counted")).order_by("pk")
    for task in differing.only("title", "session_count"):
        yield Difference(task, "session_count", task.session_count, task.counted)
