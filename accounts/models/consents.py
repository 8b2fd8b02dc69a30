"""Consents: what a person agreed to when the web client asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models.users import User
from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey

MAX_USER_AGENT = 500
# How long an anonymous consent is kept: clients ask again once a year.
ANONYMOUS_KEPT = timedelta(days=396)


class ConsentQuerySet(ExpiringRows):
    def owned_by(self, user: User) -> ConsentQuerySet:
        return self.filter(user=user)

    def log(
        self,
        *,
        user: User | None,
        user_agent: str,
        ip_address: str | None,
        at: datetime | None = None,
        **preferences: Any,
    ) -> Consent:
        """Record a consent, an anonymous one if `user` is None."""
        now = at or timezone.now()
        with transaction.atomic():
            self.filter(user=None).delete_expired(before=now - ANONYMOUS_KEPT)
            return self.create(
                user=user,
                user_agent=user_agent[:MAX_USER_AGENT],
                ip_address=ip_address,
                created_at=now,
                **preferences,
            )


class Consent(models.Model):
    """What a user agreed to, as evidence: rows are never changed, only added.

    The client also asks before anybody signs in, so a consent may be anonymous; address
    and user agent are then all that identifies its author. A user's consents are
    deleted with the account: they prove that data may be used, and none is left.
    """

    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="consents",
    )
    essential = models.BooleanField()
    analytics = models.BooleanField()
    marketing = models.BooleanField()
    # When the person decided, by the clock of their device.
    decided_at = MillisecondDateTimeField(null=True)
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=MAX_USER_AGENT, blank=True)
    created_at = MillisecondDateTimeField()

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [
            # Serves the look for anonymous ones to clear away.
            models.Index(
                fields=["created_at"],
                condition=models.Q(user=None),
                name="accounts_consent_anonymous",
            ),
        ]

    def __str__(self) -> str:
        return f"Consent of {self.created_at:%Y-%m-%d %H:%M} UTC"
