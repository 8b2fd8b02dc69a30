"""Whether requests can be served, told in time and without load for the database."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock
from time import monotonic

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

NO_ANSWER = "The database does not answer."
# Monitors give up after a few seconds.
PATIENCE_SECONDS = 1.5
# For so long an answer is the same for everybody: nobody loads the database with this.
KEPT_SECONDS = 0.5


class Readiness:
    """One question to the database at a time, on a thread and connection of its own.

    A database that hangs says nothing, and what waits for it cannot be interrupted.
    """

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self.lock = Lock()
        self.forget()

    def forget(self) -> None:
        self.answer: Future[str] | None = None
        self.answered_at = 0.0

    def problem(self) -> str:
        """Return why requests cannot be served, "" if they can; in PATIENCE_SECONDS."""
        with self.lock:
            if self.answer is None or (
                self.answer.done() and monotonic() - self.answered_at > KEPT_SECONDS
            ):
                self.answer = self.thread.submit(self._ask)
            answer = self.answer
        try:
            return answer.result(timeout=PATIENCE_SECONDS)
        except TimeoutError:
            return NO_ANSWER

    def _ask(self) -> str:
        try:
            return problem_of_database()
        except DatabaseError:
            return NO_ANSWER
        finally:
            connection.close()
            self.answered_at = monotonic()


def problem_of_database() -> str:
    """Return why it cannot serve requests, "" if it can; 2 queries."""
    applied = MigrationRecorder(connection).applied_migrations()
    pending = expected_migrations() - applied.keys()
    return f"{len(pending)} migrations are to be applied." if pending else ""


@cache
def expected_migrations() -> frozenset[tuple[str, str]]:
    """Return app and name of each migration of this code; read once per process."""
    return frozenset(MigrationLoader(None).graph.nodes)


readiness = Readiness()
