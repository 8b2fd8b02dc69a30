"""Bans and suspensions: of whom, why, by whom, and until when.

Every request reads what is in force from the user's own columns (`status`,
`ban_reason`, `banned_until`); the rows here are the history. A suspension ends by
itself, without a job, and its row stays unchanged until the next ban.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from accounts.models import User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.exceptions import InvalidValue, RowNotFound
from moderation.exceptions import CannotBanAdmin, CannotBanYourself
from moderation.models.audit import AuditEntry

if TYPE_CHECKING:
    from moderation.actors import Actor

MAX_REASON = 500
SUSPENDED = User.Status.SUSPENDED


def lock_user(user_id: str) -> User:
    """Return the user with the row locked (FOR NO KEY UPDATE), or raise RowNotFound."""
    users = User.objects.select_for_update(no_key=True)
    user = users.filter(pk=user_id).first()
    if user is None:
        raise RowNotFound
    return user


def set_status(
    user: User, status: str, reason: str, until: datetime | None, *, at: datetime
) -> None:
    """Save what is in force for the user from now on."""
    user.status, user.ban_reason, user.banned_until = status, reason, until
    user.updated_at = at
    user.save(update_fields=["status", "ban_reason", "banned_until", "updated_at"])


class BanQuerySet(models.QuerySet):
    def in_force(self, *, at: datetime | None = None) -> BanQuerySet:
        now = at or timezone.now()
        return self.filter(Q(until=None) | Q(until__gt=now), ended_at=None)

    @transaction.atomic
    def impose(
        self,
        *,
        user_id: str,
        by: Actor,
        reason: str,
        until: datetime | None = None,
        status: str = "",
        at: datetime | None = None,
    ) -> User:
        """Ban a user, or suspend them until an instant; return the user.

        It takes effect with the next request, ends all sign-ins and replaces the ban
        in force. The `status` is needed for a suspension without end only. Raises
        CannotBanYourself, CannotBanAdmin, InvalidValue, RowNotFound.
        """
        now = at or timezone.now()
        if until is not None and until <= now:
            raise InvalidValue("until", "give an instant in the future")
        user = lock_user(user_id)
        if by.id == user.pk:
            raise CannotBanYourself
        if user.is_staff:
            raise CannotBanAdmin
        self._end(user, by=by, at=now)
        ban = self.create(
            user=user,
            status=status or (SUSPENDED if until else User.Status.BANNED),
            reason=reason,
            until=until,
            author_id=by.id,
            operator="" if by.id else by.name,
            created_at=now,
        )
        set_status(user, ban.status, reason, until, at=now)
        user.sign_ins.all().revoke(at=now)
        ban.audit(by=by)
        return user

    @transaction.atomic
    def lift(
        self,
        *,
        user_id: str,
        by: Actor,
        reason: str = "",
        at: datetime | None = None,
    ) -> User:
        """End the ban of a user; do nothing without one. Return the user.

        Raises RowNotFound.
        """
        now = at or timezone.now()
        user = lock_user(user_id)
        was_barred, status = user.is_barred(at=now), user.status
        if status == User.Status.ACTIVE:
            return user
        self._end(user, by=by, at=now, reason=reason)
        set_status(user, User.Status.ACTIVE, "", None, at=now)
        if was_barred:
            noun = "suspension" if status == SUSPENDED else "ban"
            AuditEntry.objects.record(
                AuditEntry.Action.UNBANNED,
                by=by,
                target_user_id=user.pk,
                details=f"Lifted the {noun}",
                reason=reason,
                at=now,
            )
        return user

    def _end(self, user: User, *, by: Actor, at: datetime, reason: str = "") -> None:
        """End the ban that has not ended; a suspension that is over keeps its end."""
        left = self.filter(user=user, ended_at=None)
        left.filter(until__lte=at).update(ended_at=F("until"))
        left.update(
            ended_at=Least(at, "until"),
            lifted_by_id=by.id,
            lift_operator="" if by.id else by.name,
            lift_reason=reason,
        )


class Ban(models.Model):
    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bans"
    )
    status = models.CharField(
        max_length=9,
        choices=[choice for choice in User.Status.choices if choice[0] != "active"],
    )
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    # When it ends by itself; null for never.
    until = MillisecondDateTimeField(null=True, blank=True)
    # The admin who imposed it, or the operating system's user who ran the command.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    operator = models.CharField(max_length=100, blank=True)
    created_at = MillisecondDateTimeField()
    # When it was lifted or replaced. Null while it is in force, and for a suspension
    # that is over until the next ban.
    ended_at = MillisecondDateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    lift_operator = models.CharField(max_length=100, blank=True)
    lift_reason = models.CharField(max_length=MAX_REASON, blank=True)

    objects = BanQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at=None),
                name="moderation_ban_one_unended_per_user",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["banned", "suspended"]),
                name="moderation_ban_status_known",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(status="suspended"),
                name="moderation_ban_only_suspension_ends",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("created_at")),
                name="moderation_ban_ends_after_start",
            ),
        ]
        indexes = [
            # Serves the list of the suspensions that end next.
            models.Index(
                fields=["until"],
                condition=Q(ended_at=None, until__isnull=False),
                name="moderation_ban_ending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} since {self.created_at:%Y-%m-%d %H:%M} UTC"

    def audit(self, *, by: Actor) -> None:
        """Append the audit entry about this ban."""
        end = f" until {format_instant(self.until)}" if self.until else ""
        AuditEntry.objects.record(
            AuditEntry.Action(f"user.{self.status}"),
            by=by,
            target_user_id=self.user_id,
            details=f"{self.status.capitalize()}{end}",
            metadata={"banId": self.pk, "until": format_instant(self.until)},
            reason=self.reason,
            at=self.created_at,
        )

    def is_in_force(self, *, at: datetime | None = None) -> bool:
        now = at or timezone.now()
        return self.ended_at is None and (self.until is None or self.until > now)
