"""The prepared statements of the test's own connection."""

from __future__ import annotations

from django.db import connection


def prepared_count() -> int:
    """Return how many statements the present connection keeps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return cursor.fetchone()[0]
