"""Tasks on a board: cards in three columns, each owned by one user.

The database guarantees the limits of every field, that a task is completed exactly
when its status is done, and what `completed_pomodoros` means: the completed focus
sessions that a trigger of the pomodoro app counts, plus the owner's own correction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import (
    Case,
    Expression,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least, Now
from django.db.models.lookups import Exact
from django.utils import timezone

from accounts.locks import lock_owners
from accounts.models import User
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.exceptions import InvalidValue
from kanban.exceptions import NotInColumn
from kanban.ordering import MAX_POSITION, POSITION_STEP, free_position, rebalance

MAX_TITLE = 120
MAX_DESCRIPTION = 2000
MAX_CATEGORY = 120
MAX_TAGS = 20
MAX_TAG = 50
MAX_ESTIMATE = 100
MAX_COMPLETED = 1000


class TaskQuerySet(models.QuerySet):
    def owned_by(self, user: User) -> TaskQuerySet:
        return self.filter(user=user)

    def draft(
        self,
        *,
        user: User,
        at: datetime | None = None,
        completed_pomodoros: int = 0,
        is_completed: bool = False,
        **fields: Any,
    ) -> Task:
        """Return a new card, not saved yet, for the top of its column."""
        now = at or timezone.now()
        if is_completed:
            fields["status"] = Task.Status.DONE
        task = Task(
            user=user,
            pomodoro_correction=completed_pomodoros,
            created_at=now,
            updated_at=now,
            **fields,
        )
        task.completed_at = now if task.status == Task.Status.DONE else None
        task.position = top_of_column(user.pk, task.status)
        return task

    def add(self, **fields: Any) -> Task:
        """Put a new card on top of its column; takes what `draft` does."""
        task = self.draft(**fields)
        task.save(force_insert=True)
        return task

    def changes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Say what to set when an owner gives these fields, as values or expressions.

        A status, or `is_completed` alone, decides when the task was completed. Taking
        back `is_completed` takes a done task back to todo. A card that changes its
        column without a position goes on top of the new one.
        """
        changes = {**given, "updated_at": Now()}
        if "completed_pomodoros" in given:
            count = changes.pop("completed_pomodoros")
            changes["pomodoro_correction"] = count - F("session_count")
        is_completed = changes.pop("is_completed", None)
        if "status" in given:
            is_done = Exact(_typed(given["status"], models.CharField()), "done")
        elif is_completed is not None:
            is_done = Exact(_typed(is_completed, models.BooleanField()), True)
            changes["status"] = Case(
                When(is_done, then=Value("done")),
                When(status="done", then=Value("todo")),
                default=F("status"),
            )
        else:
            return changes
        completed_at = Coalesce(F("completed_at"), Now())
        changes["completed_at"] = Case(When(is_done, then=completed_at), default=None)
        if "position" not in given:
            status = _typed(changes["status"], models.CharField())
            top = top_of_column(OuterRef("user_id"), status)
            stays = Exact(F("status"), status)
            changes["position"] = Case(When(stays, then=F("position")), default=top)
        return changes

    @transaction.atomic
    def move(
        self,
        *,
        status: str | None = None,
        before: str | None = None,
        after: str | None = None,
    ) -> bool:
        """Put the one task in this set between two others; False if there is none.

        It goes right under `after`, else right over `before`, else on top of the
        column, which is `status` or else the neighbour's. Raises InvalidValue for a
        neighbour that the owner does not have, NotInColumn for one that lies elsewhere.
        One row is written, unless there is no room left between two cards.
        """
        lock_owners(self)
        task = self.first()
        if task is None:
            return False
        board = Task.objects.filter(user=task.user_id).exclude(pk=task.pk)
        neighbours = board.in_bulk([pk for pk in (before, after) if pk])
        for name, pk in (("before", before), ("after", after)):
            if pk and pk not in neighbours:
                raise InvalidValue(name, "there is no other task of yours with this id")
        above, below = neighbours.get(after), neighbours.get(before)
        if status is None:
            status = (above or below or task).status
        if {card.status for card in neighbours.values()} - {status}:
            raise NotInColumn
        if above and below and above.place >= below.place:
            raise NotInColumn
        column = board.filter(status=status)
        position = free_position(column, above, below)
        if position is None:
            rebalance(task.user_id, status)
            for card in neighbours.values():
                card.refresh_from_db(fields=["position"])
            position = free_position(column, above, below)
        self.update(**self.changes({"status": status, "position": position}))
        return True

    @transaction.atomic
    def discard(self) -> int:
        """Delete these tasks and return how many; their sessions stay, without one."""
        lock_owners(self)
        return self.delete()[1].get(Task._meta.label, 0)


def top_of_column(user_id: Any, status: Any) -> Combinable:
    """Return the position above all cards of a column, for the database to compute.

    Where a client has put one as high as there is, it is the same, until a move makes
    room.
    """
    column = Task.objects.filter(user_id=user_id, status=status).order_by("position")
    top = Coalesce(Subquery(column.values("position")[:1]), Value(POSITION_STEP))
    return Greatest(top - Value(POSITION_STEP), Value(-MAX_POSITION))


def _typed(value: Any, field: models.Field) -> Expression:
    if hasattr(value, "resolve_expression"):
        return ExpressionWrapper(value, output_field=field)
    return Value(value, output_field=field)


class Task(models.Model):
    class Status(models.TextChoices):
        TODO = "todo"
        IN_PROGRESS = "in-progress"
        DONE = "done"

    class Priority(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"

    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The index of the list begins with it.
        related_name="tasks",
    )
    title = models.CharField(max_length=MAX_TITLE)
    description = models.CharField(max_length=MAX_DESCRIPTION, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.TODO)
    is_completed = models.GeneratedField(
        expression=Q(status="done"), output_field=models.BooleanField(), db_persist=True
    )
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.MEDIUM)
    tags = ArrayField(models.CharField(max_length=MAX_TAG), default=list, blank=True)
    category = models.CharField(max_length=MAX_CATEGORY, blank=True, default="Work")
    estimated_pomodoros = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_ESTIMATE)]
    )
    # The task's completed focus sessions; a trigger of the pomodoro app keeps it.
    session_count = models.PositiveIntegerField(default=0, editable=False)
    # What the owner's own count adds to that, or takes away.
    pomodoro_correction = models.IntegerField(default=0, editable=False)
    completed_pomodoros = models.GeneratedField(
        expression=Least(
            Greatest(F("session_count") + F("pomodoro_correction"), 0), MAX_COMPLETED
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    deadline = MillisecondDateTimeField(null=True, blank=True)
    due_date = MillisecondDateTimeField(null=True, blank=True)
    is_all_day = models.BooleanField(default=False)
    # Order inside the status column, smallest on top.
    position = models.FloatField(default=0)
    completed_at = MillisecondDateTimeField(null=True, blank=True)
    # The words of title, tags, category and description, by weight.
    search = models.GeneratedField(
        expression=Func(
            "title",
            "tags",
            "category",
            "description",
            function="kanban_task_words",
            output_field=SearchVectorField(),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)
    updated_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            # What a session's foreign key to a task of the same user points at.
            models.UniqueConstraint(
                fields=["id", "user"], name="kanban_task_id_of_user"
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="kanban_task_has_title"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["todo", "in-progress", "done"]),
                name="kanban_task_status_known",
            ),
            models.CheckConstraint(
                condition=Q(priority__in=["low", "medium", "high"]),
                name="kanban_task_priority_known",
            ),
            models.CheckConstraint(
                condition=Q(tags__len__lte=MAX_TAGS), name="kanban_task_tags_at_most_20"
            ),
            models.CheckConstraint(
                condition=~Q(tags__contains=[""]), name="kanban_task_tags_not_blank"
            ),
            models.CheckConstraint(
                condition=Q(position__range=(-MAX_POSITION, MAX_POSITION)),
                name="kanban_task_position_in_range",
            ),
            models.CheckConstraint(
                condition=Q(estimated_pomodoros__range=(1, MAX_ESTIMATE)),
                name="kanban_task_estimate_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status="done", completed_at__isnull=False)
                | (~Q(status="done") & Q(completed_at=None)),
                name="kanban_task_completed_at_iff_done",
            ),
        ]
        indexes = [
            # Serves the owner's list, newest first.
            models.Index(
                fields=["user", "-created_at", "-id"], name="kanban_task_newest"
            ),
            # Serves the board in its order, and the look for a card's neighbours.
            models.Index(
                fields=["user", "status", "position", "id"], name="kanban_task_column"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def place(self) -> tuple[float, str]:
        """What orders it among the cards of its column."""
        return self.position, self.pk
