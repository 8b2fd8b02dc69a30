"""A demo person's work logs: the hours around their sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from focusmaster.db.fields import new_object_id
from moderation.demo.simulation import Life, Session

# Sessions that are further apart are of two days' work.
NIGHT = timedelta(hours=4)
# A pause that is longer is a break, for which they clock out of nothing but their work.
PAUSE = timedelta(minutes=20)
# Who had a session so lately is still at work.
AT_WORK = timedelta(minutes=30)

NOTES = (
    "Worked from home.",
    "At the client's in the morning.",
    "Long call with the team, the rest went well.",
    "Left early, headache.",
    "Stayed on to finish the report.",
)


def work_logs(life: Life) -> Iterator[dict[str, Any]]:
    """Yield the fields of work logs; two of three people clock in, some are at work."""
    random = life.person.random
    if random.random() < 1 / 3:
        return
    for sessions in working_days(life.sessions):
        start, end = sessions[0]["started_at"], sessions[-1]["ended_at"]
        pauses = (
            later["started_at"] - earlier["ended_at"]
            for earlier, later in pairwise(sessions)
        )
        rest = sum((pause for pause in pauses if pause > PAUSE), timedelta())
        start = max(
            life.person.created_at, start - timedelta(seconds=random.uniform(5, 600))
        )
        is_open = life.now - end < AT_WORK
        end = min(life.now, end + timedelta(seconds=random.uniform(5, 600)))
        notes = random.choice(NOTES) if random.random() < 0.15 else ""
        yield {
            "id": new_object_id(start),
            "started_at": start,
            "ended_at": None if is_open else end,
            "break_seconds": int(rest.total_seconds()),
            "notes": "" if is_open else notes,
            "created_at": start,
            "updated_at": start if is_open else end,
        }


def working_days(sessions: list[Session]) -> Iterator[list[Session]]:
    """Yield the sessions of each day's work, which may go on past midnight."""
    day: list[Session] = []
    for session in sessions:
        if day and session["started_at"] - day[-1]["ended_at"] > NIGHT:
            yield day
            day = []
        day.append(session)
    if day:
        yield day
