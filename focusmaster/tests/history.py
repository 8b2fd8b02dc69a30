"""A long history of sessions, made by the database in a moment."""

from __future__ import annotations

from typing import Any

from django.db import connection

# Breaks, one a minute, the later ones further back; every fourth begins together with
# the one before it. Parameters: the user's id, the first number and the last.
SESSIONS = """
INSERT INTO pomodoro_pomodorosession (
    id, user_id, type, started_at, duration, completed, created_at, updated_at
)
SELECT decode(lpad(to_hex(n), 24, '0'), 'hex'), %s, 'shortBreak',
    timestamptz '2026-01-01' - (n - (n %% 4 = 3)::int) * interval '1 minute',
    60, true, now(), now()
FROM generate_series(%s::int, %s::int) AS n
"""


def add_sessions(
    user_id: str, count: int, *, first: int = 1, session: Any = connection
) -> None:
    """Give a user so many sessions, with ids from that number on."""
    values = [bytes.fromhex(user_id), first, first + count - 1]
    with session.cursor() as cursor:
        cursor.execute(SESSIONS, values)
