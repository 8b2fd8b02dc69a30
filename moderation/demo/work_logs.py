"""A demo person's work logs: the hours around their sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from moderation.demo.simulation import SESSIONS, Life
from moderation.demo.tables import Table, id_made_at
from timeclock.models import WorkLog

WORK_LOGS = Table(
    WorkLog,
    "id",
    "user_id",
    "started_at",
    "ended_at",
    "break_seconds",
    "notes",
    "created_at",
    "updated_at",
)

STARTED, ENDED = (SESSIONS.named.index(name) for name in ("started_at", "ended_at"))

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


def work_logs(life: Life) -> Iterator[tuple]:
    """Yield rows of WORK_LOGS; two of three people clock in, and some are at it now."""
    random = life.person.random
    if random.random() < 1 / 3:
        return
    for sessions in working_days(life.sessions):
        start, end = sessions[0][STARTED], sessions[-1][ENDED]
        pauses = (later[STARTED] - one[ENDED] for one, later in pairwise(sessions))
        rest = sum((pause for pause in pauses if pause > PAUSE), timedelta())
        start = max(
            life.person.created_at, start - timedelta(seconds=random.uniform(5, 600))
        )
        is_open = life.now - end < AT_WORK
        end = min(life.now, end + timedelta(seconds=random.uniform(5, 600)))
        notes = random.choice(NOTES) if random.random() < 0.15 else ""
        yield (
            id_made_at(start),
            life.person.id,
            start,
            None if is_open else end,
            int(rest.total_seconds()),
            "" if is_open else notes,
            start,
            start if is_open else end,
        )


def working_days(sessions: list[tuple]) -> Iterator[list[tuple]]:
    """Yield the sessions of each day's work, which may go on past midnight."""
    day: list[tuple] = []
    for session in sessions:
        if day and session[STARTED] - day[-1][ENDED] > NIGHT:
            yield day
            day = []
        day.append(session)
    if day:
        yield day
