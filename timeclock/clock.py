"""The state of a person's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from focusmaster.dates.rfc3339 import format_instant, present
from focusmaster.db.json_rows import JSONRows, json_object
from timeclock.models import WorkLog
from timeclock.serializers import WorkLogSerializer

LOG_ROWS = JSONRows(WorkLog, WorkLogSerializer, order=["-started_at", "-id"])

NOT_RUNNING = {
    "clockedIn": False,
    "log": None,
    "elapsed": 0,
    "onBreak": False,
    "breakStartedAt": None,
    "forgotten": False,
}


def clock_face(user_id: str, *, at: datetime | None = None) -> dict[str, Any]:
    """Return the state of the clock in the shape of ClockSerializer; one query.

    `elapsed` is in seconds, breaks included.
    """
    now = at or present()
    logs = WorkLog.objects.open().owned_by(user_id)
    document = json_object(WorkLogSerializer(), WorkLog)
    log = logs.annotate(document=document).first()
    if log is None:
        return NOT_RUNNING
    return {
        "clockedIn": True,
        "log": orjson.Fragment(log.document),
        "elapsed": max(0, int((now - log.started_at).total_seconds())),
        "onBreak": log.break_started_at is not None,
        "breakStartedAt": format_instant(log.break_started_at),
        "forgotten": log.is_forgotten(at=now),
    }
