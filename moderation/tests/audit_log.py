"""Entries of the audit log, the commands on it, and changes behind its back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from moderation.actors import Actor
from moderation.models import AuditEntry

TABLES = ["entry", "particulars", "archive"]
OLD = timezone.now() - timedelta(days=400)


def note(details: str = "Banned", **fields) -> AuditEntry:
    by = fields.pop("by", Actor(None, "root"))
    return AuditEntry.objects.record("user.banned", by=by, details=details, **fields)


def tamper(sql: str) -> None:
    """Run SQL as the owner of the tables who has taken the guards away."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for how in ("DISABLE", "ENABLE"):
            for table in TABLES:
                cursor.execute(f"ALTER TABLE moderation_audit{table} {how} TRIGGER ALL")
            if how == "DISABLE":
                cursor.execute(sql)


def rehash(previous: bytes = b"") -> None:
    """Make all hashes fit again, from the one before the first entry on."""
    tamper(
        "DO $$ DECLARE e moderation_auditentry; "
        f"last bytea := '\\x{previous.hex()}'; BEGIN "
        "FOR e IN SELECT * FROM moderation_auditentry ORDER BY position LOOP "
        "e.previous_hash := last; "
        "last := sha256(convert_to(moderation_auditentry_text(e), 'UTF8')); "
        "UPDATE moderation_auditentry SET previous_hash = e.previous_hash, hash = last "
        "WHERE position = e.position; END LOOP; END $$"
    )


def verify(*arguments: str) -> None:
    call_command("verify_audit_log", *arguments)


def archive(folder: Path, *more: str) -> None:
    call_command("archive_audit_log", "--to", str(folder), *more)


@contextmanager
def broken(message: str) -> Iterator[None]:
    """Expect a command to find the log broken, and to say this."""
    with pytest.raises(CommandError, match=message) as caught:
        yield
    assert caught.value.returncode == 1
