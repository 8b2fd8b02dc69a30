"""Failed sign-ins: for which account, when and from where, for staff to examine."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Subquery
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.addresses import email_key
from accounts.models.users import User
from accounts.user_agents import MAX_LENGTH, device_name
from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey

KEPT = timedelta(days=30)
# Beyond the limits of each address and account, for a flood from many of both: the
# table then grows by some 30 MB a day at most. What is left out is in the request log.
MOST_A_MINUTE = 100
DIGEST_LENGTH = 16


def digest_of(name: str) -> str:
    """Return a keyed hash of what was typed as the email; "" for nothing.

    The text itself is not kept: it could be a password in the wrong field, or the
    address of somebody without an account. The spelling makes no difference.
    """
    key = email_key(name)
    digest = salted_hmac("failed sign-in", key, algorithm="sha256").hexdigest()
    return digest[:DIGEST_LENGTH] if key else ""


class FailedSignInQuerySet(ExpiringRows):
    def about(self, user: User) -> FailedSignInQuerySet:
        """Keep the attempts on a user's account, also those before it existed."""
        mine = models.Q(user=user)
        if user.email:
            mine |= models.Q(name_digest=digest_of(user.email))
        return self.filter(mine)

    def note(
        self,
        *,
        name: str,
        where: str,
        user_agent: str,
        ip_address: str | None,
        at: datetime | None = None,
    ) -> None:
        """Record an attempt with this name, and delete a few that have expired.

        Not within a transaction, which the error of the attempt may roll back. Known
        and unknown names take the same queries, and so the same time.
        """
        now = at or timezone.now()
        with transaction.atomic(durable=True):
            self.delete_expired(before=now - KEPT)
            last_minute = self.filter(created_at__gt=now - timedelta(minutes=1))
            if last_minute[:MOST_A_MINUTE].count() >= MOST_A_MINUTE:
                return
            self.create(
                user_id=Subquery(User.objects.with_email(name).values("pk")),
                name_digest=digest_of(name),
                where=where,
                device=device_name(user_agent),
                ip_address=ip_address,
                created_at=now,
            )


class FailedSignIn(models.Model):
    class Where(models.TextChoices):
        API = "api"
        ADMIN = "admin"
        GOOGLE = "google"

    id = ObjectIdPrimaryKey()
    # Whose account it would have been; null where the name is nobody's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="failed_sign_ins",
    )
    name_digest = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    where = models.CharField(max_length=6, choices=Where)
    device = models.CharField(max_length=MAX_LENGTH)
    ip_address = models.GenericIPAddressField(null=True)
    created_at = MillisecondDateTimeField()

    objects = FailedSignInQuerySet.as_manager()

    class Meta:
        verbose_name = "failed sign-in"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(where__in=["api", "admin", "google"]),
                name="accounts_failedsignin_where_known",
            ),
        ]
        indexes = [
            # Serves clearing, the count of the last minute, and staff's list by day.
            models.Index(fields=["created_at"], name="accounts_failedsignin_age"),
            # Serve staff's search for what else came from an address or with a name.
            models.Index(fields=["ip_address"], name="accounts_failedsignin_address"),
            models.Index(fields=["name_digest"], name="accounts_failedsignin_name"),
        ]

    def __str__(self) -> str:
        return f"{self.device}, {self.created_at:%Y-%m-%d %H:%M} UTC"
