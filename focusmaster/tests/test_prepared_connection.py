"""What a connection keeps of prepared statements, and what statements take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, NotSupportedError, connection, transaction
from psycopg import IsolationLevel

from focusmaster.db import json_rows
from focusmaster.db.json_rows import JSONRows
from focusmaster.db.statements import MAX_STATEMENTS, Param, Statement
from focusmaster.tests.statements import prepared_count
from kanban.models import Task
from kanban.serializers import TaskSerializer

pytestmark = pytest.mark.django_db(transaction=True)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def constant(number: int) -> Statement:
    return Statement(f"SELECT {number} + %s::integer", [Param("more")])


@pytest.fixture
def numbers() -> Iterator[Statement]:
    """A statement over a table of the test's own."""
    execute("CREATE TABLE numbers AS SELECT 1 AS n")
    yield Statement("SELECT * FROM numbers WHERE n >= %s", [Param("least")])
    execute("DROP TABLE numbers")


# The statements of a connection


def test_connection_keeps_so_many_statements_and_no_more():
    statements = [constant(number) for number in range(MAX_STATEMENTS + 50)]

    found = [one.fetch_rows({"more": 1}) for one in statements]

    assert found == [[(number + 1,)] for number in range(MAX_STATEMENTS + 50)]
    assert prepared_count() == MAX_STATEMENTS == 200
    # The oldest has been deallocated, and is prepared again.
    assert statements[0].fetch_rows({"more": 5}) == [(5,)]
    assert prepared_count() == MAX_STATEMENTS


def test_statement_that_is_in_use_is_kept():
    kept = constant(-1)
    kept.fetch_rows({"more": 0})
    began = "SELECT prepare_time FROM pg_prepared_statements WHERE statement LIKE %s"

    def prepared_at() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(began, ["SELECT -1 %"])
            return cursor.fetchone()

    before = prepared_at()
    for number in range(2 * MAX_STATEMENTS):
        constant(number).fetch_rows({"more": 0})
        kept.fetch_rows({"more": 0})

    assert before is not None
    assert prepared_at() == before


def test_full_connection_prepares_within_a_transaction_too():
    with transaction.atomic():
        for number in range(MAX_STATEMENTS + 5):
            assert constant(number).fetch_rows({"more": 0}) == [(number,)]

    assert prepared_count() == MAX_STATEMENTS


# Statements that PostgreSQL no longer runs


def test_statement_is_prepared_again_when_its_result_is_of_another_type(numbers):
    assert numbers.fetch_rows({"least": 0}) == [(1,)]

    execute("ALTER TABLE numbers ADD COLUMN name text DEFAULT 'one'")

    assert numbers.fetch_rows({"least": 0}) == [(1, "one")]
    assert numbers.fetch_rows({"least": 0}) == [(1, "one")]


def test_result_of_another_type_breaks_the_transaction_once(numbers):
    numbers.fetch_rows({"least": 0})
    execute("ALTER TABLE numbers ALTER COLUMN n TYPE text")
    execute("ALTER TABLE numbers ALTER COLUMN n TYPE bigint USING n::bigint")

    with (
        pytest.raises(NotSupportedError, match="cached plan must not change"),
        transaction.atomic(),
    ):
        numbers.fetch_rows({"least": 0})

    with transaction.atomic():
        assert numbers.fetch_rows({"least": 0}) == [(1,)]


@pytest.mark.parametrize("within", [False, True])
def test_statement_that_somebody_else_deallocated_is_prepared_again(within):
    statement = constant(7)
    statement.fetch_rows({"more": 0})
    execute("DEALLOCATE ALL")

    if within:  # The error breaks the transaction; the next one works.
        with pytest.raises(DatabaseError), transaction.atomic():
            statement.fetch_rows({"more": 1})

    # Once without being prepared, unless that was in vain.
    assert statement.fetch_rows({"more": 1}) == [(8,)]
    assert statement.fetch_rows({"more": 2}) == [(9,)]
    assert prepared_count() == 1


def test_statement_that_cannot_be_prepared_is_not_kept():
    with pytest.raises(DatabaseError, match="nowhere"):
        Statement("SELECT * FROM nowhere", []).fetch_rows({})

    assert prepared_count() == 0
    assert constant(1).fetch_rows({"more": 1}) == [(2,)]


# What parameters can be


@pytest.mark.parametrize(
    "value",
    [
        Decimal(1),
        {1},
        {"a": 1},
        (1,),
        object(),
        timedelta(1),
        uuid4(),
        1j,
        [Decimal(1)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameter_of_an_unknown_type_is_a_type_error(value):
    with pytest.raises(TypeError, match="a prepared statement takes no"):
        constant(1).fetch_rows({"more": value})

    assert constant(1).fetch_rows({"more": 1}) == [(2,)]


AWKWARD = [
    "quote \" and ' apostrophe",
    "back \\ slash \\\\ two",
    '\\"',
    "{a,b}",
    "NULL",
    "null",
    "",
    " ",
    ",",
    "tab\tline\n",
    "emoji \U0001f345",
    "%s %% $1",
]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text[]", AWKWARD),
        ("text[]", [None]),
        ("text[]", ["NULL", None, "a", None]),
        ("text[]", []),
        ("integer[]", [1, None, -3]),
        ("float8[]", [0.1, 1e300, -0.0, None]),
        ("boolean[]", [True, False, None]),
        *(("text", text) for text in AWKWARD),
        ("text", None),
        ("bytea", b"\0'\\\xff"),
        ("float8", float("inf")),
        ("bigint", -(2**63)),
    ],
)
def test_parameter_arrives_as_it_is(kind, value):
    statement = Statement(f"SELECT %s::{kind}", [Param("value")])

    assert statement.fetch_rows({"value": value}) == [(value,)]


# Shapes that clients choose


def test_more_shapes_than_are_kept_are_answered(alice, monkeypatch):
    monkeypatch.setattr(json_rows, "MAX_SHAPES", 5)
    rows = JSONRows(Task, TaskSerializer, order=["-created_at", "-id"])
    Task.objects.add(user=alice, title="Write")
    names = ["title", "description", "category", "status", "priority"]
    shapes = [
        partial(rows.all, user_id=alice.pk, **{f"{name}__{how}": ""})
        for name in names
        for how in ("gte", "startswith", "contains")
    ]

    before = prepared_count()
    first = [ask() for ask in shapes]
    second = [ask() for ask in shapes]

    assert [len(found) for found in first] == [1] * 15
    assert second == first
    assert prepared_count() == before + 5


def test_transaction_begins_at_the_isolation_level_of_its_connection(alice):
    connection.ensure_connection()
    connection.connection.isolation_level = IsolationLevel.SERIALIZABLE
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            assert constant(1).fetch_rows({"more": 1}) == [(2,)]
            cursor.execute("SHOW transaction_isolation")
            level = cursor.fetchone()[0]
    finally:
        connection.connection.isolation_level = None

    assert level == "serializable"
