"""What PostgreSQL can do within a transaction and Django has no name for."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Model
from psycopg.errors import DatatypeMismatch, DeadlockDetected
from psycopg.pq import TransactionStatus

from focusmaster.db.statements import OUTDATED

# What a migration beside running workers does to a transaction that meets it. A type
# does not match where a trigger's function was planned for the table's former shape.
MET_A_MIGRATION = (*OUTDATED, DatatypeMismatch, DeadlockDetected)


def require_no_transaction() -> None:
    """Raise RuntimeError in a transaction: mail and other services come after it.

    What they did stays when it is rolled back, and while they take their time, others
    wait for its locks. The transaction around a test does not count. No query.
    """
    if connection.in_atomic_block:
        with transaction.atomic(durable=True, savepoint=False):
            pass


def check_constraints_immediately() -> None:
    """Have every later statement of the transaction raise what it breaks itself."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def keep_from_deletion(model: type[Model], pk: str) -> bool:
    """Lock a row against deletion, as a foreign key to it does (FOR KEY SHARE).

    Return whether there is such a row. One query.
    """
    meta = model._meta
    table = connection.ops.quote_name(meta.db_table)
    sql = f"SELECT true FROM {table} WHERE {meta.pk.column} = %s FOR KEY SHARE"
    with connection.cursor() as cursor:
        cursor.execute(sql, [meta.pk.get_db_prep_value(pk, connection)])
        return cursor.fetchone() is not None


def keep_shape(models: Iterable[type[Model]]) -> None:
    """Have migrations leave these tables as they are until the transaction ends.

    Where the transaction reads as of one moment, this comes first: to a snapshot from
    before it, a table that was rewritten is empty. One query.
    """
    quote = connection.ops.quote_name
    tables = ", ".join(quote(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")


def is_broken() -> bool:
    """Tell whether the transaction can only be rolled back, or its connection is lost.

    That is so after an error of the database that was caught within it.
    """
    driver = connection.connection
    return driver is None or (
        driver.pgconn.transaction_status == TransactionStatus.INERROR
    )


def is_repeatable(exc: Exception) -> bool:
    """Tell whether the act that ended so can be done once more, after `renew_plans`.

    Its transaction was rolled back because a table's shape has changed. Within another
    transaction it cannot.
    """
    is_rolled_back = not connection.in_atomic_block
    return is_rolled_back and isinstance(exc.__cause__, MET_A_MIGRATION)


def renew_plans() -> None:
    """Have the database plan anew what this thread asks next.

    On a new connection, which has no statements that were prepared. Behind a pooler it
    leads to a session that was there before, most likely to the one that is next.
    """
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
