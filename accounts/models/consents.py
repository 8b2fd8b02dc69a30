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
# How long an answer of nobody we know is kept: clients ask anew once a year.
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
        """Record an answer, of nobody known if `user` is None."""
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
    """One answer, as evidence: none is ever changed, a new answer is a new row.

    Before anybody signs in the client asks too, so a consent may be nobody's; address
    and user agent are then all that shows who gave it. A person's consents go with
    the account: they prove that their data might be used, and there is none left.
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
