"""Feedback: what people tell us, and what staff make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404
from django.utils import timezone

from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from moderation.exceptions import NoAddress
from moderation.models.audit import AuditEntry

if TYPE_CHECKING:
    from moderation.actors import Actor

MAX_MESSAGE = 4000
MAX_CATEGORY = 50
REPLY_SUBJECT = "Your feedback to FocusMaster"


class FeedbackQuerySet(models.QuerySet):
    def open(self) -> FeedbackQuerySet:
        """Keep what somebody has yet to deal with."""
        return self.filter(status__in=OPEN)

    def locked(self, pk: str) -> Feedback:
        """Return the row, locked against others who change it, or raise Http404."""
        # An outer join cannot be locked, and the person's row need not be.
        row = self.select_for_update(of=["self"]).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    @transaction.atomic
    def change_status(self, pk: str, status: str, *, by: Actor) -> Feedback:
        row = self.locked(pk)
        before = row.status
        if before != status:
            row._change(status=status)
            row._audit(
                AuditEntry.Action.FEEDBACK_STATUS,
                f"Changed the status from {before} to {status}",
                by=by,
                metadata={"from": before, "to": status},
            )
        return row

    @transaction.atomic
    def change_note(self, pk: str, note: str, *, by: Actor) -> Feedback:
        """Set what staff note for themselves; the person never sees it."""
        row = self.locked(pk)
        if row.note != note:
            row._change(note=note)
            row._audit(AuditEntry.Action.FEEDBACK_NOTE, "Changed the note", by=by)
        return row

    def reply(self, pk: str, message: str, *, by: Actor) -> FeedbackReply:
        """Answer by mail. Raises NoAddress, Http404, or OSError: it was not sent.

        It is noted once it has left: nobody must wait for the mail server with a lock.
        """
        address = self._reply_address(pk)
        EmailMessage(REPLY_SUBJECT, message, to=[address]).send()
        with transaction.atomic():
            row = self.locked(pk)
            reply = row.replies.create(author_id=by.id, message=message)
            row._audit(
                AuditEntry.Action.FEEDBACK_REPLIED,
                "Replied by mail",
                by=by,
                metadata={"replyId": reply.pk},
            )
        return reply

    def _reply_address(self, pk: str) -> str:
        row = self.select_related("user").filter(pk=pk).first()
        if row is None:
            raise Http404
        if not row.reply_address():
            raise NoAddress
        return row.reply_address()


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
    # Null: from somebody without a token.
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
    # Given with the message, and not confirmed.
    email = models.EmailField(max_length=254, blank=True)
    # userAgent, platform, screenSize; null where the client said nothing.
    device_info = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.NEW)
    # Of staff for themselves.
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
            # Serve staff's list, newest first, and what of it is still to do.
            models.Index(
                fields=["-created_at", "-id"], name="moderation_feedback_newest"
            ),
            models.Index(
                fields=["status", "-created_at", "-id"],
                name="moderation_feedback_by_status",
            ),
            # Serves the removal of a person's address.
            models.Index(
                models.functions.Lower("email"),
                condition=Q(user=None) & ~Q(email=""),
                name="moderation_feedback_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}: {self.message[:60]}"

    def reply_address(self) -> str:
        """Return where a reply goes: where they asked for it, else to the account."""
        return self.email or (self.user.email if self.user else "")

    def _change(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)
        Feedback.objects.filter(pk=self.pk).update(**fields, updated_at=Now())

    def _audit(self, action: str, details: str, *, by: Actor, **more: Any) -> None:
        AuditEntry.objects.record(
            action,
            by=by,
            target_id=self.pk,
            target_user_id=self.user_id,
            details=details,
            **more,
        )


OPEN = (Feedback.Status.NEW, Feedback.Status.IN_PROGRESS)


class FeedbackReply(models.Model):
    """A mail to who gave the feedback."""

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
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "feedback replies"
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"reply of {self.created_at:%Y-%m-%d %H:%M} UTC"
