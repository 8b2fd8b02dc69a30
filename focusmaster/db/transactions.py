"""What PostgreSQL can do within a transaction and Django has no name for."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Model
from psycopg.pq import TransactionStatus


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


def is_broken() -> bool:
    """Tell whether the transaction can only be rolled back, or its connection is lost.

    That is so after an error of the database that was caught within it.
    """
    driver = connection.connection
    return driver is None or (
        driver.pgconn.transaction_status == TransactionStatus.INERROR
    )
