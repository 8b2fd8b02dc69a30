"""Sessions as JSON documents, and the verbs that write them, with what they earn."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from accounts.locks import in_turn
from focusmaster.db.json_rows import JSONRows
from focusmaster.db.statements import (
    CompiledQuery,
    Param,
    Statement,
    select_statement,
    stored_fields,
)
from pomodoro.badges import Outlook, award, is_counted, lock_user, may_earn
from pomodoro.models import MAX_DURATION, PomodoroSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from accounts.models import User

# Inserts a session that earns no badge, or nothing: the user's row must be as it was
# when the caller was looked up, and the day's sessions must leave nothing to win. When
# the lock is waited for, PostgreSQL compares with the row as it is afterwards: the
# version shows whether the sessions are still those that this statement counts.
UNEVENTFUL_INSERT = """
WITH turn AS (
    SELECT id FROM accounts_user
    WHERE id = %s AND focus_version = %s AND timezone = %s AND cardinality(badges) = %s
        AND (
            SELECT count(*) >= %s AND count(*) <> %s FROM (
                SELECT FROM {table}
                WHERE user_id = %s AND type = 'focus' AND completed
                    AND started_at >= %s AND started_at < %s
                LIMIT %s
            ) AS of_the_day
        )
    FOR NO KEY UPDATE
), {table} AS (
    INSERT INTO {table} ({columns}) SELECT {values} FROM turn RETURNING *
)
{documents}
"""
COLUMNS = tuple(field.attname for field in stored_fields(PomodoroSession))
GUARD = (
    "user_id",
    "focus_version",
    "timezone",
    "badges",
    "least",
    "tenth",
    "user_id",
    "day_begins",
    "day_ends",
    "limit",
)


class SessionDocuments(JSONRows):
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
        return self.insert_and_award(session, user), True

    def insert_and_award(self, session: PomodoroSession, user: User) -> bytes:
        """Save a new session with the badges it earns; return its JSON text.

        One round trip when it earns none, as nearly always. Else it takes the user's
        turn first, and then sees all that changes before it have left.
        """
        if not is_counted(session):
            return self.insert(session)
        outlook = Outlook.of(user, session)
        if not outlook.is_open:
            texts = self._insert_if_uneventful(session, user, outlook)
            if texts:
                return texts[0]
        with transaction.atomic():
            locked = lock_user(user.pk)
            text = self.insert(session)
            award(locked, Outlook.of(locked, session).period())
        return text

    def update(self, given: Mapping[str, Any], **lookups: Any) -> list[bytes]:
        """Change sessions of one user, with the badges that they earn by it."""
        if not may_earn(given):
            return super().update(given, **lookups)
        with transaction.atomic():
            user = lock_user(lookups["user_id"])
            texts = super().update(given, **lookups)
            if texts:
                award(user)
        return texts

    def _insert_if_uneventful(
        self, session: PomodoroSession, user: User, outlook: Outlook
    ) -> list[bytes]:
        """Save a session unless it may earn something; return its JSON text, if so."""
        values = {name: getattr(session, name) for name in COLUMNS}
        for name in ("id", "user_id", "task_id"):
            values[name] = values[name] and bytes.fromhex(values[name])
        known = {
            "focus_version": user.focus_version,
            "timezone": user.timezone,
            # Some come, or all go: as many are the same.
            "badges": len(user.badges),
        }
        return self._uneventful_insert.texts(values | known | outlook.uneventful())

    @cached_property
    def _uneventful_insert(self) -> Statement:
        quote = connection.ops.quote_name
        values = ["turn.id" if name == "user_id" else "%s" for name in COLUMNS]
        documents = select_statement(self._documents())
        sql = UNEVENTFUL_INSERT.format(
            table=quote(self.model._meta.db_table),
            columns=", ".join(map(quote, COLUMNS)),
            values=", ".join(values),
            documents=documents.sql,
        )
        given = [*GUARD, *(name for name in COLUMNS if name != "user_id")]
        return Statement(sql, (*map(Param, given), *documents.params))

    def _rows_to_change(self, lookups: Iterable[str]) -> QuerySet:
        mine = super()._rows_to_change(lookups)
        return mine.filter(user_id=in_turn(Param("user_id")))


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
        **{name: Param(name) for name in ("start", "end", "earliest", "earliest_open")}
    ).filter(**{name: Param(name) for name in ("user_id", "type", "duration")})
    task = {"task_id": Param("task_id")} if has_task else {"task_id": None}
    return CompiledQuery(sessions.filter(**task).values_list("id")[:1])
