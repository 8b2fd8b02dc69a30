from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from focusmaster.db.advisory_locks import (
    AdvisoryLock,
    LockTimeout,
    advisory_lock,
    try_advisory_lock,
)
from focusmaster.tests.concurrency import run_concurrently

IN_FUNCTIONS = r"""
SELECT (regexp_matches(prosrc, 'advisory_\w*lock\(\s*([^)\s]+)', 'g'))[1]
FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
"""


@pytest.mark.usefixtures("db")
def test_functions_in_the_database_take_the_locks_that_are_listed():
    with connection.cursor() as cursor:
        cursor.execute(IN_FUNCTIONS)
        taken = {int(number) for (number,) in cursor.fetchall()}

    assert taken == {AdvisoryLock.APPEND_TO_AUDIT_LOG}


@pytest.mark.django_db(transaction=True)
def test_lock_is_held_until_the_transaction_ends():
    lock = AdvisoryLock.ARCHIVE_AUDIT_LOG

    def try_once() -> bool:
        with transaction.atomic():
            return try_advisory_lock(lock)

    with transaction.atomic():
        mine = try_advisory_lock(lock)
        meanwhile = run_concurrently(try_once)

    assert (mine, meanwhile, run_concurrently(try_once)) == (True, [False], [True])


@pytest.mark.django_db(transaction=True)
def test_wait_for_a_lock_is_told_and_comes_to_an_end():
    told = []

    def wait() -> None:
        with (
            pytest.raises(LockTimeout, match=r"process \d+ of PostgreSQL"),
            advisory_lock(
                AdvisoryLock.MIGRATE,
                timeout=timedelta(seconds=0.3),
                on_wait=told.append,
            ),
        ):
            pass

    with advisory_lock(AdvisoryLock.MIGRATE):
        run_concurrently(wait)
    with advisory_lock(AdvisoryLock.MIGRATE, timeout=timedelta()):
        pass

    assert len(told) == 1


@pytest.mark.django_db(transaction=True)
def test_lock_keeps_no_index_from_being_built_concurrently():
    with connection.cursor() as cursor, advisory_lock(AdvisoryLock.MIGRATE):
        cursor.execute("SET statement_timeout = '20s'")
        cursor.execute("CREATE INDEX CONCURRENTLY made_under_lock ON kanban_task (id)")
        cursor.execute("DROP INDEX CONCURRENTLY made_under_lock")
        cursor.execute("RESET statement_timeout")


@pytest.mark.django_db(transaction=True)
def test_lock_is_free_once_its_connection_is_gone():
    def end_holder(holder: str) -> None:
        pid = holder.split()[1]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    def take() -> str:
        with advisory_lock(AdvisoryLock.MIGRATE, on_wait=end_holder):
            return "taken"

    with advisory_lock(AdvisoryLock.MIGRATE):
        assert run_concurrently(take) == ["taken"]
