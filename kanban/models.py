"""Tasks on a board: cards in three columns, each owned by one user.

The database guarantees the limits of every field, that a task is completed exactly
when its status is done, and what `completed_pomodoros` means: the completed focus
sessions that a trigger of the pomodoro app counts, plus the owner's own correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from accounts.locks import lock_owner, lock_owners
from accounts.models import User
from focusmaster.dates.rfc3339 import present
from focusmaster.db.fields import (
    MillisecondDateTimeField,
    ObjectIdField,
    ObjectIdPrimaryKey,
)
from focusmaster.db.prepared_queries import PreparedRow
from focusmaster.db.writes import insert, insert_many, update
from focusmaster.exceptions import InvalidValue, RowNotFound
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
    def owned_by(self, user: User | str) -> Self:
        return self.filter(user=user)

    def add(self, *, user: User, **fields: Any) -> Task:
        """Put a new card on top of its column and return it; see `Task.drafted`.

        Takes the owner's lock; 3 queries. Raises OwnerGone.
        """
        task = Task.drafted(user=user, **fields)
        with transaction.atomic():
            lock_owner(user.pk)
            task.position = top_of_column(user.pk, task.status)
            insert(task)
        return task

    def add_many(self, *, user: User, cards: Iterable[Mapping[str, Any]]) -> int:
        """Add a card for each set of fields, as `add` does one after the other.

        Returns how many. Takes the owner's lock; 3 queries, and one for each column.
        Raises OwnerGone.
        """
        tasks = [Task.drafted(user=user, **fields) for fields in cards]
        with transaction.atomic():
            lock_owner(user.pk)
            for status in {task.status for task in tasks}:
                position = top_of_column(user.pk, status)
                for task in tasks:
                    if task.status == status:
                        task.position = position
                        position = max(position - POSITION_STEP, -MAX_POSITION)
            return insert_many(Task, tasks)

    def change(self, pk: str, *, user_id: str, **fields: Any) -> Task:
        """Change one of a user's tasks and return it; see `Task.apply`.

        Locks the task's row, so that of two changes at once each sees the other's.
        2 queries, 3 when it changes its column. Raises RowNotFound.
        """
        with transaction.atomic():
            task = locked_task(user_id=user_id, pk=pk)
            if task is None:
                raise RowNotFound
            update(task, task.apply(**fields))
        return task

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
        column, which is `status` or else the neighbour's. Takes the owner's lock; 5
        queries, and 3 more if there is no room left between two cards. Raises
        InvalidValue for a neighbour that is not the owner's, NotInColumn for one that
        lies elsewhere.
        """
        lock_owners(self)
        task = self.select_for_update(no_key=True).first()
        if task is None:
            return False
        board = Task.objects.owned_by(task.user_id).exclude(pk=task.pk)
        below, above = board.neighbours(before=before, after=after)
        if status is None:
            status = (above or below or task).status
        if any(card and card.status != status for card in (above, below)):
            raise NotInColumn
        if above and below and above.sort_key >= below.sort_key:
            raise NotInColumn
        column = board.filter(status=status)
        position = free_position(column, above, below)
        if position is None:
            rebalance(column)
            for card in filter(None, (above, below)):
                card.refresh_from_db(fields=["position"])
            position = free_position(column, above, below)
        task.save(update_fields=task.apply(status=status, position=position))
        return True

    def neighbours(self, **ids: str | None) -> list[Task | None]:
        """Return the card of each id, and None for each that is None; one query.

        Raises InvalidValue for an id that no card in this set has.
        """
        cards = self.in_bulk([pk for pk in ids.values() if pk])
        for field, pk in ids.items():
            if pk and pk not in cards:
                message = "there is no other task of yours with this id"
                raise InvalidValue(field, message)
        return [cards.get(pk) for pk in ids.values()]

    @transaction.atomic
    def discard(self) -> int:
        """Delete these tasks and return how many; their sessions stay, without a task.

        Takes the owners' locks, in which no session is logged on a task meanwhile.
        """
        lock_owners(self)
        return self.delete()[1].get(Task._meta.label, 0)


@PreparedRow.of(user_id=ObjectIdField(), pk=ObjectIdField())
def locked_task(user_id, pk):
    tasks = Task.objects.owned_by(user_id).filter(pk=pk)
    return tasks.select_for_update(no_key=True).order_by()


def top_of_column(user_id: str, status: str) -> float:
    """Return the position above all cards of a column; one query.

    Where a client has put one as high as there is, it is the same, until a move makes
    room.
    """
    column = Task.objects.owned_by(user_id).filter(status=status)
    position = free_position(column, None, None)
    return -MAX_POSITION if position is None else position


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
        expression=Q(status="done"),  # type: ignore[arg-type]  # the stubs forget it
        output_field=models.BooleanField(),
        db_persist=True,
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
    # Title, tags, category and description, folded for a search; a trigger keeps it.
    search_text = models.TextField(blank=True, default="", editable=False)
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

    @classmethod
    def drafted(
        cls,
        *,
        user: User,
        at: datetime | None = None,
        completed_pomodoros: int = 0,
        is_completed: bool = False,
        **fields: Any,
    ) -> Task:
        """Return a card, not saved and without a position, made now or `at` a moment.

        `is_completed` makes it done; a done card was completed when it last changed.
        """
        now = at or present()
        given = {"created_at": now, "updated_at": now} | fields
        if is_completed:
            given["status"] = Task.Status.DONE
        task = cls(user=user, pomodoro_correction=completed_pomodoros, **given)
        if task.status == Task.Status.DONE:
            task.completed_at = task.updated_at
        return task

    @property
    def sort_key(self) -> tuple[float, str]:
        """The position, then the id, among the cards of its column."""
        return self.position, self.pk

    def apply(self, **fields: Any) -> list[str]:
        """Set these fields and what follows from them; return the changed columns.

        A status, or `is_completed` alone, decides when the task was completed. Taking
        back `is_completed` takes a done task back to todo. A card that changes its
        column without a position goes on top of the new one.
        """
        changes = {**fields, "updated_at": present()}
        if "completed_pomodoros" in fields:
            count = changes.pop("completed_pomodoros")
            changes["pomodoro_correction"] = count - self.session_count
        is_completed = changes.pop("is_completed", None)
        status = changes.get("status", self.status)
        if "status" not in fields:
            if is_completed:
                status = Task.Status.DONE
            elif is_completed is False and self.status == Task.Status.DONE:
                status = Task.Status.TODO
        if status != self.status:
            changes["status"] = status
            is_done = status == Task.Status.DONE
            changes["completed_at"] = changes["updated_at"] if is_done else None
            if "position" not in fields:
                changes["position"] = top_of_column(self.user_id, status)
        for name, value in changes.items():
            setattr(self, name, value)
        return list(changes)
