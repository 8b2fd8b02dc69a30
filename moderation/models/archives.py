"""Archives of the audit log: files to which its oldest entries have moved.

The row is what removes the entries: a trigger deletes those that it covers, if they are
old enough and end with the hash that the row has. No other way leads out of the log.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey


class AuditArchive(models.Model):
    id = ObjectIdPrimaryKey()
    first_position = models.BigIntegerField(unique=True)
    last_position = models.BigIntegerField(unique=True)
    # Of its last entry, from which the chain goes on.
    last_hash = models.BinaryField(max_length=32)
    file_name = models.CharField(max_length=100)
    # What the file is signed with, to check it when SECRET_KEY is another.
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
