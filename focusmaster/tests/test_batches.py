from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, connection

from focusmaster.db.batches import batches, execute_in_batches, update_in_batches
from focusmaster.tests.people import person
from kanban.models import Task

TITLES = [f"Task {number}" for number in range(7)]
RENAME = "UPDATE kanban_task SET title = 'Done' WHERE id = ANY(%s)"


@pytest.fixture
def tasks(transactional_db) -> list[Task]:
    """Seven tasks, in the order of their ids."""
    owner = person("Alice")
    made = [Task.objects.create(user=owner, title=title) for title in TITLES]
    return sorted(made, key=lambda task: task.pk)


@pytest.fixture
def fifth_is_locked(tasks):
    """Have somebody else change the fifth task for a long time."""
    place = connection.settings_dict
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        user=place["USER"],
        dbname=place["NAME"],
    ) as other:
        fifth = bytes.fromhex(tasks[4].pk)
        other.execute("SELECT 1 FROM kanban_task WHERE id = %s FOR UPDATE", [fifth])
        yield
        other.rollback()


def test_batches_are_all_rows_in_their_order(tasks):
    ids = [task.pk for task in tasks]

    found = list(batches(Task.objects.all(), 3))

    assert found == [ids[:3], ids[3:6], ids[6:]]
    assert list(batches(Task.objects.filter(title="None such"), 3)) == []


@pytest.mark.parametrize(
    "run",
    [
        lambda rows, size: update_in_batches(rows, size, title="Done"),
        lambda rows, size: execute_in_batches(rows, size, RENAME),
    ],
)
def test_batches_before_one_that_fails_are_kept(tasks, fifth_is_locked, run):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")

    try:
        with pytest.raises(OperationalError, match="lock timeout"):
            run(Task.objects.all(), 2)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    titles = dict(Task.objects.values_list("pk", "title"))
    assert [titles[task.pk] == "Done" for task in tasks] == [True] * 4 + [False] * 3
