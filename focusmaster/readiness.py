"""Whether requests can be served: the database answers, and is fully migrated.

The endpoint has no limit, so that probes are never refused. Whoever asks within half a
second of another shares its answer: however many ask, a process asks the database twice
a second, and a probe each second always gets the state of now.
"""

from __future__ import annotations

import time
from functools import cache
from threading import Lock

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

SHARED_SECONDS = 0.5


class Readiness:
    """What this process last saw, shared by its threads."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.forget()

    def forget(self) -> None:
        self.fresh_until = 0.0
        self.problem = ""

    def current_problem(self) -> str:
        """Return why requests cannot be served; "" if they can. 2 queries, or none.

        Those who ask while another does wait for its answer.
        """
        with self.lock:
            if time.monotonic() >= self.fresh_until:
                self.problem = find_problem()
                self.fresh_until = time.monotonic() + SHARED_SECONDS
            return self.problem


readiness = Readiness()


def find_problem() -> str:
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        return "The database does not answer."
    pending = expected_migrations() - applied.keys()
    return f"{len(pending)} migrations are to be applied." if pending else ""


@cache
def expected_migrations() -> frozenset[tuple[str, str]]:
    """Return app and name of each migration of this code; read once per process."""
    return frozenset(MigrationLoader(None).graph.nodes)
