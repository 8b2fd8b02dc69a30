"""Cursors on the server, and what a transaction keeps from migrations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from focusmaster.db.transactions import keep_shape
from focusmaster.personal_data import snapshot
from focusmaster.tests.concurrency import run_concurrently
from kanban.models import Task

pytestmark = pytest.mark.django_db(transaction=True)

CURSORS = "SELECT name FROM pg_cursors WHERE is_holdable = %s AND name <> ''"


@pytest.fixture
def tasks(alice) -> None:
    for number in range(5):
        Task.objects.add(user=alice, title=f"Task {number}")


def cursors(*, is_holdable: bool) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(CURSORS, [is_holdable])
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.usefixtures("tasks")
def test_no_cursor_outlives_its_transaction():
    rows = Task.objects.iterator(2)
    next(rows)

    assert cursors(is_holdable=True) == cursors(is_holdable=False) == []
    assert len(list(rows)) == 4


@pytest.mark.usefixtures("tasks")
def test_cursor_of_a_transaction_stays_on_the_server():
    with transaction.atomic():
        rows = Task.objects.iterator(2)
        next(rows)
        held, others = cursors(is_holdable=True), cursors(is_holdable=False)
        rest = list(rows)

    assert (len(held), len(others), len(rest)) == (0, 1, 4)


def rewrite() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
        try:
            cursor.execute("ALTER TABLE kanban_task ALTER position TYPE float8")
        except OperationalError as exc:
            return str(exc)
    return "done"


@pytest.mark.parametrize("keep", [snapshot, keep_shape], ids=lambda one: one.__name__)
@pytest.mark.usefixtures("tasks")
def test_table_is_not_rewritten_before_it_is_read(keep: Callable):
    with transaction.atomic() if keep is keep_shape else snapshot([Task]):
        if keep is keep_shape:
            keep_shape([Task])
        meanwhile = run_concurrently(rewrite)
        count = Task.objects.count()

    assert "lock timeout" in meanwhile[0]
    assert count == 5
    assert run_concurrently(rewrite) == ["done"]
