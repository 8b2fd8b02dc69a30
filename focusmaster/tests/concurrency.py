"""Acts of several threads, each with a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction

# So many passwords a process hashes or lets wait at once; one more is refused.
AT_ONCE = settings.WEB_THREADS // 2

IS_WAITED_FOR = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
)
"""
OPEN_TRANSACTIONS = """
SELECT query FROM pg_stat_activity
WHERE state LIKE 'idle in transaction%' AND datname = current_database()
"""


def open_transactions() -> list[str]:
    """Return what other connections did last in a transaction that waits for them."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_TRANSACTIONS)
        return [query for (query,) in cursor.fetchall()]


def run_concurrently(*acts: Callable[[], Any]) -> list[Any]:
    """Run all of these at the same moment, each in a thread with its own connection.

    Return their results. Needs `@pytest.mark.django_db(transaction=True)`.
    """
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def run_during(change: Callable[[], Any], act: Callable[[], Any]) -> Any:
    """Return the result of an act that begins while a change is not committed.

    The change is committed once the act waits for it, or has ended. Needs
    `@pytest.mark.django_db(transaction=True)`.
    """

    def run() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        change()
        late = thread.submit(run)
        while not late.done() and not is_waited_for():
            wait([late], 0.01)
    return late.result()


def is_waited_for() -> bool:
    """Tell whether a transaction waits for a lock that this one has."""
    with connection.cursor() as cursor:
        cursor.execute(IS_WAITED_FOR)
        return cursor.fetchone()[0]
