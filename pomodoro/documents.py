"""Sessions as JSON documents, and the one verb that writes either of two."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from focusmaster.documents import Documents
from focusmaster.queries import CompiledQuery, Slot
from kanban.turns import in_turn
from pomodoro.models import MAX_DURATION, PomodoroSession

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from accounts.models import User


class SessionDocuments(Documents):
    def log(self, *, user: User, **block: Any) -> tuple[bytes, bool]:
        """Record a block; return its session and whether that is a new one.

        The web client posts a block at its end and, once a mood is picked, again, with
        a slightly wider interval. So a block with a mood completes the session of the
        same type, task and duration that overlaps it and has no mood yet.
        """
        session = PomodoroSession.objects.draft(user=user, **block)
        if session.mood and (earlier := find_awaiting_mood(session)):
            # Of two requests at once, one finds that there is a mood by now.
            given = {"mood": session.mood}
            completed = self.update(
                given, user_id=user.pk, pk=earlier, mood__isnull=True
            )
            if completed:
                return completed[0], False
        return self.insert(session), True

    def _rows_to_change(self, lookups: Iterable[str]) -> QuerySet:
        mine = super()._rows_to_change(lookups)
        return mine.filter(user_id=in_turn(Slot("user_id")))


def find_awaiting_mood(session: PomodoroSession) -> str | None:
    """Return the id of the session that this one repeats; one query."""
    start, length = session.started_at, timedelta(seconds=session.duration)
    values = {
        "start": start,
        "end": session.ended_at or start + length,
        "earliest": start - timedelta(seconds=MAX_DURATION),
        # Without an end, a session of the same duration lasts that long.
        "earliest_open": start - length,
        "type": session.type,
        "duration": session.duration,
        "user_id": bytes.fromhex(session.user_id),
        "task_id": bytes.fromhex(session.task_id) if session.task_id else None,
    }
    rows = _awaiting_mood(session.task_id is not None).rows(values)
    return rows[0][0] if rows else None


@cache
def _awaiting_mood(has_task: bool) -> CompiledQuery:
    sessions = PomodoroSession.objects.awaiting_mood(
        **{name: Slot(name) for name in ("start", "end", "earliest", "earliest_open")}
    ).filter(**{name: Slot(name) for name in ("user_id", "type", "duration")})
    task = {"task_id": Slot("task_id")} if has_task else {"task_id": None}
    return CompiledQuery(sessions.filter(**task).values_list("id")[:1])
