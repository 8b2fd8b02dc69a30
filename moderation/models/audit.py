"""The audit log: what staff did, in a hash chain that shows tampering.

A trigger gives each entry its position and a hash over its columns and the previous
hash (`sql/audit_chain.sql`). An entry never changes and holds ids and facts only.
Names, addresses and reasons are its personal details, in a table of their own; the
entry has their digest. They can be deleted with the person's account, and the chain
stays whole.
"""

from __future__ import annotations

import os
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models, transaction
from django.utils import timezone

from focusmaster.db.fields import (
    MillisecondDateTimeField,
    ObjectIdField,
    ObjectIdPrimaryKey,
)

if TYPE_CHECKING:
    from accounts.models import User
    from moderation.actors import Actor

MAX_DETAILS = 1000
# Random, so that a deleted name cannot be found by trying names.
SALT_BYTES = 16
NO_HASH = b""


def digest_of(salt: bytes, text: str) -> bytes:
    """Return what an entry keeps of personal details."""
    return sha256(salt + text.encode()).digest()


class AuditEntryQuerySet(models.QuerySet):
    @transaction.atomic
    def record(
        self,
        action: AuditEntry.Action,
        *,
        by: Actor,
        details: str,
        target_id: str | None = None,
        target_user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> AuditEntry:
        """Append an entry and return it; must be the act's last write. 2 queries.

        The insert takes an advisory lock on the log until the commit: a transaction
        that waited for a row after it would make every other one wait. `details` is a
        sentence without full stop. Like `metadata` it holds no personal data but ids;
        what was said about the target is the `reason`. `target_user_id` is the person
        that the target is, or belongs to.
        """
        entry = self.model(
            action=action,
            actor_id=by.id,
            target_id=target_id or target_user_id,
            details=details[:MAX_DETAILS],
            metadata=metadata or {},
            created_at=at or timezone.now(),
        )
        parts = [entry.personal_part("actor", by.id, origin_of(by))]
        if reason:
            said = {"reason": reason}
            parts.append(entry.personal_part("target", target_user_id, said))
        entry.save(force_insert=True)
        AuditPersonalDetails.objects.bulk_create(parts)
        return entry


def origin_of(actor: Actor) -> dict[str, Any]:
    return {
        "name": actor.name,
        "ipAddress": actor.ip_address,
        "userAgent": actor.user_agent[:MAX_DETAILS],
    }


class AuditEntry(models.Model):
    # What pages about entries add, for all of theirs at once.
    record: AuditRecord
    person: User | None

    class Action(models.TextChoices):
        ADMIN_CREATED = "admin.created"
        ROLE_CHANGED = "user.role_changed"
        BANNED = "user.banned"
        SUSPENDED = "user.suspended"
        UNBANNED = "user.unbanned"
        FEEDBACK_STATUS = "feedback.status_changed"
        FEEDBACK_NOTE = "feedback.note_changed"
        FEEDBACK_REPLIED = "feedback.replied"
        PAGE_ADDED = "page.added"
        PAGE_CHANGED = "page.changed"
        PAGE_DELETED = "page.deleted"
        LOG_ARCHIVED = "log.archived"

    id = ObjectIdPrimaryKey()
    # From 1, without a gap. The trigger sets it and both hashes.
    position = models.BigIntegerField(unique=True, editable=False, db_default=0)
    # One of `Action`, or of those at the time it was written.
    action = models.CharField(max_length=40)
    # Ids without a foreign key: evidence outlives the account. The actor of a command
    # is null.
    actor_id = ObjectIdField(null=True)
    target_id = ObjectIdField(null=True)
    details = models.CharField(max_length=MAX_DETAILS)
    metadata = models.JSONField(default=dict)
    created_at = MillisecondDateTimeField()
    actor_digest = models.BinaryField(max_length=32, null=True)
    target_digest = models.BinaryField(max_length=32, null=True)
    previous_hash = models.BinaryField(editable=False, db_default=NO_HASH)
    hash = models.BinaryField(editable=False, db_default=NO_HASH)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            # Serve the log, newest first, and each of its filters.
            models.Index(
                fields=["-created_at", "-position"], name="moderation_audit_newest"
            ),
            models.Index(
                fields=["action", "-created_at", "-position"],
                name="moderation_audit_of_action",
            ),
            models.Index(
                fields=["actor_id", "-created_at", "-position"],
                name="moderation_audit_of_actor",
            ),
            models.Index(
                fields=["target_id", "-created_at", "-position"],
                name="moderation_audit_of_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.action}"

    def personal_part(
        self, part: str, person_id: str | None, facts: dict[str, Any]
    ) -> AuditPersonalDetails:
        """Set the digest of these facts; return them as a row, which is not saved."""
        salt, text = os.urandom(SALT_BYTES), orjson.dumps(facts).decode()
        setattr(self, f"{part}_digest", digest_of(salt, text))
        return AuditPersonalDetails(
            entry=self, part=part, person_id=person_id, salt=salt, text=text
        )


class AuditPersonalDetails(models.Model):
    """What an entry says of its actor or its target beside the id."""

    pk = models.CompositePrimaryKey("entry", "part")
    entry = models.ForeignKey(
        AuditEntry,
        # The trigger on archives deletes them with the entry.
        on_delete=models.DO_NOTHING,
        related_name="personal_details",
        db_index=False,  # The primary key begins with it.
    )
    part = models.CharField(max_length=6)
    # The person that the data is about; null without an account.
    person_id = ObjectIdField(null=True)
    salt = models.BinaryField(max_length=SALT_BYTES)
    # JSON, byte for byte as it was digested.
    text = models.TextField()

    class Meta:
        db_table = "moderation_auditparticulars"
        verbose_name_plural = "audit personal details"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(part__in=["actor", "target"]),
                name="moderation_auditparticulars_part_known",
            ),
        ]
        indexes = [
            # Serves the deletion of a person's details.
            models.Index(fields=["person_id"], name="moderation_audit_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.entry_id}"


class AuditRecord(models.Model):
    """An entry with its personal details, to be read: a view in the database."""

    id = ObjectIdPrimaryKey()
    position = models.BigIntegerField()
    action = models.CharField(max_length=40)
    actor_id = ObjectIdField(null=True)
    actor_name = models.TextField()
    target_id = ObjectIdField(null=True)
    details = models.TextField()
    metadata = models.JSONField()
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.TextField()
    created_at = MillisecondDateTimeField()

    class Meta:
        managed = False
        ordering = ["-created_at", "-position"]

    def __str__(self) -> str:
        return f"{self.position}: {self.action}"
