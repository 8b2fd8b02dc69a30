"""Feedback from people, with the status, the note and the replies of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import mail
from accounts.addresses import mail_recipient
from focusmaster.dates.rfc3339 import present
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.exceptions import RowNotFound
from moderation.exceptions import NoAddress
from moderation.models.audit import AuditEntry

if TYPE_CHECKING:
    from moderation.actors import Actor

MAX_MESSAGE = 4000
MAX_CATEGORY = 50
REPLY_SUBJECT = "Your feedback to FocusMaster"


class FeedbackQuerySet(models.QuerySet):
    def open(self) -> FeedbackQuerySet:
        """Keep what is not resolved or closed."""
        return self.filter(status__in=OPEN)

    def with_id(self, pk: str) -> Feedback:
        """Return the row, or raise RowNotFound."""
        row = self.filter(pk=pk).first()
        if row is None:
            raise RowNotFound
        return row

    @transaction.atomic
    def change_status(self, pk: str, status: str, *, by: Actor) -> Feedback:
        """Set the status and return the row; do nothing if it has it already.

        Raises RowNotFound.
        """
        row = self.select_for_update().with_id(pk)
        before = row.status
        if before != status:
            row.write(status=status)
            row.audit(
                AuditEntry.Action.FEEDBACK_STATUS,
                f"Changed the status from {before} to {status}",
                by=by,
                metadata={"from": before, "to": status},
            )
        return row

    @transaction.atomic
    def change_note(self, pk: str, note: str, *, by: Actor) -> Feedback:
        """Set the note of staff, which the person never sees; return the row.

        Raises RowNotFound.
        """
        row = self.select_for_update().with_id(pk)
        if row.note != note:
            row.write(note=note)
            row.audit(AuditEntry.Action.FEEDBACK_NOTE, "Changed the note", by=by)
        return row

    def reply(self, pk: str, message: str, *, by: Actor) -> FeedbackReply:
        """Record a reply, mail it, record that it has left, and return it.

        It is committed before it is mailed, so that no mail leaves that is not known
        here, and no lock is held while the mail server is slow. If it does not leave,
        it stays as one that was not sent, and the next reply with this text is that
        one, sent again.

        Raises RowNotFound, NoAddress, MailNotConfigured, or OSError if it was not sent;
        RuntimeError in a transaction.
        """
        mail.require_configured()
        reply, address = self._record_reply(pk, message, by=by)
        mail.send_text(address, REPLY_SUBJECT, message)
        reply.mark_sent()
        return reply

    @transaction.atomic
    def _record_reply(
        self, pk: str, message: str, *, by: Actor
    ) -> tuple[FeedbackReply, str]:
        """Return a reply that is to be sent, and the address it goes to."""
        row = self.select_for_update(of=("self",)).select_related("user").with_id(pk)
        address = row.reply_address()
        if not address:
            raise NoAddress
        mail_recipient(address)  # Raises for an address that no mail server takes.
        reply = row.replies.unsent().filter(message=message).first()
        details = "Sent a reply again" if reply else "Replied by mail"
        reply = reply or row.replies.create(author_id=by.id, message=message)
        row.audit(
            AuditEntry.Action.FEEDBACK_REPLIED,
            details,
            by=by,
            metadata={"replyId": reply.pk},
        )
        return reply, address


class Feedback(models.Model):
    class Type(models.TextChoices):
        BUG = "bug"
        FEATURE = "feature"
        GENERAL = "general"

    class Status(models.TextChoices):
        NEW = "new"
        IN_PROGRESS = "in-progress"
        RESOLVED = "resolved"
        CLOSED = "closed"

    id = ObjectIdPrimaryKey()
    # Null for feedback that was sent without a token.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="feedback",
    )
    type = models.CharField(max_length=7, choices=Type, default=Type.GENERAL)
    category = models.CharField(max_length=MAX_CATEGORY, blank=True)
    message = models.CharField(max_length=MAX_MESSAGE)
    # As sent with the message, not confirmed.
    email = models.EmailField(max_length=254, blank=True)
    # userAgent, platform, screenSize; null if the client sent none.
    device_info = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.NEW)
    # By staff, for staff.
    note = models.CharField(max_length=MAX_MESSAGE, blank=True)
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)
    updated_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feedback"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=["bug", "feature", "general"]),
                name="moderation_feedback_type_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["new", "in-progress", "resolved", "closed"]),
                name="moderation_feedback_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(message=""), name="moderation_feedback_has_message"
            ),
        ]
        indexes = [
            # Serve the list of staff, newest first, and its filter by status.
            models.Index(
                fields=["-created_at", "-id"], name="moderation_feedback_newest"
            ),
            models.Index(
                fields=["status", "-created_at", "-id"],
                name="moderation_feedback_by_status",
            ),
            # Serves the deletion of a person's address.
            models.Index(
                models.functions.Lower("email"),
                condition=Q(user=None) & ~Q(email=""),
                name="moderation_feedback_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.message[:60]}"

    def reply_address(self) -> str:
        """Return the address that was given, else that of the account, else ""."""
        return self.email or (self.user.email if self.user else "")

    def write(self, **fields: Any) -> None:
        """Set these fields and save them."""
        for name, value in fields.items():
            setattr(self, name, value)
        Feedback.objects.filter(pk=self.pk).update(**fields, updated_at=Now())

    def audit(
        self, action: AuditEntry.Action, details: str, *, by: Actor, **more: Any
    ) -> None:
        """Append an audit entry about this row."""
        AuditEntry.objects.record(
            action,
            by=by,
            target_id=self.pk,
            target_user_id=self.user_id,
            details=details,
            **more,
        )


OPEN = (Feedback.Status.NEW, Feedback.Status.IN_PROGRESS)


class FeedbackReplyQuerySet(models.QuerySet):
    def unsent(self) -> FeedbackReplyQuerySet:
        """Keep what has not left, or only just leaves."""
        return self.filter(sent_at=None)


class FeedbackReply(models.Model):
    """A mail to the person who gave the feedback."""

    id = ObjectIdPrimaryKey()
    feedback = models.ForeignKey(
        Feedback, on_delete=models.CASCADE, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    message = models.CharField(max_length=MAX_MESSAGE)
    created_at = MillisecondDateTimeField(default=present, editable=False)
    # Null for one that the mail server has not taken.
    sent_at = MillisecondDateTimeField(null=True, editable=False)

    objects = FeedbackReplyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feedback replies"
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"reply of {self.created_at:%Y-%m-%d %H:%M} UTC"

    def mark_sent(self) -> None:
        """Record that the mail has left; one query."""
        self.sent_at = present()
        FeedbackReply.objects.filter(pk=self.pk).update(sent_at=self.sent_at)
