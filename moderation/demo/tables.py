"""Rows into tables by COPY, the fastest way into PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

# Ids differ between two runs with the same seed: both may go into one database.
_unseeded = random.Random()


def id_made_at(instant: datetime) -> bytes:
    """Return the id of a row made at that instant, as the database stores it."""
    seconds = int(instant.timestamp()).to_bytes(4, "big")
    return seconds + _unseeded.getrandbits(64).to_bytes(8, "big")


class Table:
    """A table to fill with rows that are tuples of the fields named.

    Fields that are not named get the model's default, as in a new object.
    """

    def __init__(self, model: type[Model], *named: str) -> None:
        fields = {
            field.attname: field
            for field in model._meta.concrete_fields
            if not field.generated
        }
        quote = connection.ops.quote_name
        self.named = named
        self.noun = str(model._meta.verbose_name_plural)
        self.name = quote(model._meta.db_table)
        named_fields = [fields.pop(name) for name in named]
        columns = [quote(field.column) for field in (*named_fields, *fields.values())]
        self.columns = ", ".join(columns)
        self.defaults = tuple(field.get_default() for field in fields.values())

    def copy(self, cursor: CursorWrapper, rows: Iterable[tuple[Any, ...]]) -> None:
        # The binary form has to match the columns' types: ask which they are.
        cursor.execute(f"SELECT {self.columns} FROM {self.name} LIMIT 0")
        types = [column.type_code for column in cursor.description]
        statement = f"COPY {self.name} ({self.columns}) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row + self.defaults)

    def analyze(self, cursor: CursorWrapper) -> None:
        """Tell PostgreSQL's planner how much there is by now."""
        cursor.execute(f"ANALYZE {self.name}")
