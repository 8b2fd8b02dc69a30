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
            pytest.raises(LockTimeout),
            advisory_lock(
                AdvisoryLock.MIGRATE,
                timeout=timedelta(seconds=0.3),
                on_wait=lambda: told.append("waiting"),
            ),
        ):
            pass

    with advisory_lock(AdvisoryLock.MIGRATE):
        run_concurrently(wait)
    with advisory_lock(AdvisoryLock.MIGRATE, timeout=timedelta()):
        pass

    assert told == ["waiting"]
