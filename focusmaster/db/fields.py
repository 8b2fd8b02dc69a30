"""Model fields for what every app stores: ids and instants, as API.md §1 has them."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def new_object_id(at: datetime | None = None) -> str:
    """Return a fresh id: 4 bytes of Unix seconds, then 8 random bytes, as hex.

    The seconds are those of `at`, or of now.
    """
    seconds = int(at.timestamp() if at else time.time())
    return (seconds.to_bytes(4, "big") + os.urandom(8)).hex()


class MalformedId(ValidationError):
    """What was given as an id is none, so no row can have it."""


class ObjectIdField(models.Field):  # type: ignore[type-arg]  # none at run time
    """An id of 24 lower-case hex digits, stored as 12 bytes.

    Anything else given as an id raises MalformedId, in lookups too.
    """

    description = "24 hex digits"
    empty_strings_allowed = False
    default_error_messages = {"invalid": "an id has 24 hex digits"}

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bytea"

    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        return f"octet_length({connection.ops.quote_name(self.column)}) = 12"

    def to_python(self, value: Any) -> str | None:
        if value is None or (isinstance(value, str) and OBJECT_ID.fullmatch(value)):
            return value
        raise MalformedId(self.error_messages["invalid"], code="invalid")

    def get_prep_value(self, value: Any) -> str | None:
        return self.to_python(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if isinstance(value, str) and OBJECT_ID.fullmatch(value):
            return bytes.fromhex(value)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(
        self, value: bytes | None, expression: Any, connection: BaseDatabaseWrapper
    ) -> str | None:
        return None if value is None else value.hex()


class ObjectIdPrimaryKey(ObjectIdField):
    """The `id` of a row that the API shows."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"primary_key": True, "editable": False}
        kwargs.setdefault("default", new_object_id)
        super().__init__(**kwargs)


class MillisecondDateTimeField(models.DateTimeField):  # type: ignore[type-arg]  # none at run time
    """An instant kept to the millisecond, which is as precise as the API shows it."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "timestamp(3) with time zone"
