"""Archives of the audit log: files to which its oldest entries have moved.

Adding a row removes the entries that it covers, by a trigger that checks them first
(`sql/audit_archives.sql`). Entries leave the log in no other way.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey


class AuditArchive(models.Model):
    id = ObjectIdPrimaryKey()
    first_position = models.BigIntegerField(unique=True)
    last_position = models.BigIntegerField(unique=True)
    # The hash of its last entry, after which the chain continues.
    last_hash = models.BinaryField(max_length=32)
    file_name = models.CharField(max_length=100)
    # The key that signed the file, to check it after SECRET_KEY has changed.
    public_key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)
    created_at = MillisecondDateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_position__gte=models.F("first_position")),
                name="moderation_auditarchive_has_entries",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
