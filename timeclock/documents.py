"""Work logs as JSON documents, and the verbs of the clock that answer with one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from django.db.models import F, QuerySet
from django.db.models.functions import Cast, Greatest, Now
from django.utils import timezone

from accounts.locks import in_turn
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.fields import MillisecondDateTimeField
from focusmaster.db.json_rows import JSONRows, json_object
from focusmaster.db.statements import (
    CompiledQuery,
    Param,
    Statement,
    update_then_select,
)
from focusmaster.exceptions import constraint_errors
from timeclock.exceptions import NotClockedIn
from timeclock.models import CONSTRAINT_ERRORS, WorkLog, forgotten_at, forgotten_since
from timeclock.serializers import WorkLogSerializer

if TYPE_CHECKING:
    from accounts.models import User


class WorkLogDocuments(JSONRows):
    """Each verb is one statement, so that of two at once the database lets one win."""

    def add(self, *, user: User, at: datetime | None = None, **fields: Any) -> bytes:
        """Write down a log; unless told otherwise, it starts now and is open.

        Raises AlreadyClockedIn or Overlap.
        """
        log = WorkLog.objects.draft(user=user, at=at, **fields)
        with constraint_errors(CONSTRAINT_ERRORS):
            return self.insert(log)

    def stop(self, *, user: User, at: datetime | None = None, **given: Any) -> bytes:
        """Close the user's open log. Raises NotClockedIn or BreakExceedsDuration."""
        slots = {f"new_{name}": value for name, value in given.items()}
        values = {"user_id": bytes.fromhex(user.pk), "at": at or timezone.now()}
        with constraint_errors(CONSTRAINT_ERRORS):
            closed = _stop(self, tuple(given)).texts(values | slots)
        if not closed:
            raise NotClockedIn
        return closed[0]

    def _rows_to_change(self, lookups: Iterable[str]) -> QuerySet:
        mine = super()._rows_to_change(lookups)
        return mine.filter(user_id=in_turn(Param("user_id")))


@cache
def _stop(documents: WorkLogDocuments, given: tuple[str, ...]) -> Statement:
    mine = WorkLog.objects.open().filter(user_id=in_turn(Param("user_id")))
    # A log may start ahead of our clock, by that of a device.
    end = Greatest(Cast(Param("at"), MillisecondDateTimeField()), F("started_at"))
    changes = {name: Param(f"new_{name}") for name in given}
    changes = mine.closing(end, changes | {"updated_at": Now()})
    return update_then_select(mine, changes, documents._documents())


def clock_of(user: User, *, at: datetime | None = None) -> dict[str, Any]:
    """Return what the user's clock shows, as ClockSerializer declares it; one query."""
    now = at or timezone.now()
    values = {"user_id": bytes.fromhex(user.pk), "cutoff": forgotten_since(now)}
    rows = _open_log().rows(values)
    if not rows:
        return NOT_RUNNING
    ((document, started_at, break_started_at, is_forgotten),) = rows
    return {
        "clockedIn": True,
        "log": orjson.Fragment(document),
        "elapsed": max(0, int((now - started_at).total_seconds())),
        "onBreak": break_started_at is not None,
        "breakStartedAt": format_instant(break_started_at),
        "forgotten": is_forgotten,
    }


NOT_RUNNING = {
    "clockedIn": False,
    "log": None,
    "elapsed": 0,
    "onBreak": False,
    "breakStartedAt": None,
    "forgotten": False,
}


@cache
def _open_log() -> CompiledQuery:
    logs = WorkLog.objects.open().filter(user_id=Param("user_id")).order_by()
    shown = logs.annotate(
        document=json_object(WorkLogSerializer(), WorkLog),
        forgotten=forgotten_at(Param("cutoff")),
    )
    return CompiledQuery(
        shown.values_list("document", "started_at", "break_started_at", "forgotten")
    )
