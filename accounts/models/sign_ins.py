"""Sign-ins: the devices on which people are signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from accounts.models.users import User
from accounts.user_agents import device_name
from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey

if TYPE_CHECKING:
    from django.db.models.functions import Now

# A sign-in's last use is written at most this often, not at every request.
LAST_USED_PRECISION = timedelta(minutes=5)


def live_at(at: Any) -> Q:
    """Return the condition for a sign-in to be valid at a time or expression."""
    return Q(revoked_at=None, expires_at__gt=at)


def may_enter(user: User, **still: Any) -> bool:
    """Tell whether the user still exists and still has these columns; raises Barred.

    Locks the row, as everything does that ends sign-ins (a ban, a new password, the
    deletion of the account): it is either seen here, or waits and then ends the sign-in
    that begins. In a transaction; one query.
    """
    rows = User.objects.filter(pk=user.pk, **still).select_for_update(no_key=True)
    standing = rows.values_list("status", "ban_reason", "banned_until").first()
    if standing is None:
        return False
    user.status, user.ban_reason, user.banned_until = standing
    user.check_not_barred()
    return True


# The earlier of the two: PostgreSQL passes over what is null.
ENDED_AT = Least("revoked_at", "expires_at")


class SignInQuerySet(ExpiringRows):
    age_column = "ended_at"

    def expired(self, *, before: datetime | Now) -> SignInQuerySet:
        """Keep those that ended before then; an index serves it."""
        return self.alias(ended_at=ENDED_AT).filter(ended_at__lt=before)

    def owned_by(self, user: User) -> SignInQuerySet:
        return self.filter(user=user)

    def live(self, *, at: datetime | None = None) -> SignInQuerySet:
        return self.filter(live_at(at or timezone.now()))

    def ended(self, *, at: datetime | None = None) -> SignInQuerySet:
        return self.exclude(live_at(at or timezone.now()))

    def start(self, *, user: User, user_agent: str, ip_address: str | None) -> SignIn:
        """Start a sign-in of a new user, or of one whose row is locked; one query."""
        now = timezone.now()
        return self.create(
            user=user,
            device=device_name(user_agent),
            ip_address=ip_address,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=settings.TOKEN_DAYS),
        )

    @transaction.atomic
    def start_with_account(
        self,
        *,
        user_agent: str,
        ip_address: str | None,
        guest: SignIn | None = None,
        **account: Any,
    ) -> SignIn:
        """Register an account and start its sign-in, or do neither. Raises EmailTaken.

        The sign-in of a guest becomes the account's, so that a repeated request has the
        same caller. The guest's other sign-ins end: the id alone opened them.
        """
        user = User.objects.register(**account, guest=guest and guest.user)
        if guest is None or guest.user_id != user.pk:
            return self.start(user=user, user_agent=user_agent, ip_address=ip_address)
        user.sign_ins.exclude(pk=guest.pk).revoke()
        guest.extend()
        guest.user = user
        return guest

    @transaction.atomic
    def start_with_password(self, *, user: User, **origin: Any) -> SignIn | None:
        """Start a sign-in of a user whose password has just been checked.

        None if the password was changed meanwhile: that ended all sign-ins, and one
        with the old password must not begin after it. Raises Barred.
        """
        if not may_enter(user, password=user.password):
            return None
        return self.start(user=user, **origin)

    @transaction.atomic
    def start_as_guest(self, *, user: User | None, **origin: Any) -> SignIn:
        """Start a sign-in of this guest, or of a new one if it is no guest any more.

        A concurrent registration waits, and then ends this sign-in, too. Raises Barred.
        """
        if user is None or not may_enter(user, is_guest=True):
            user = User.objects.add_guest()
        return self.start(user=user, **origin)

    def revoke(self, *, at: datetime | None = None) -> int:
        """End these sign-ins, whose tokens are then invalid; return how many."""
        return self.filter(revoked_at=None).update(revoked_at=at or timezone.now())


class SignIn(models.Model):
    """One device on which a user signed in; its tokens are valid as long as it is."""

    id = ObjectIdPrimaryKey()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    device = models.CharField(max_length=100)
    ip_address = models.GenericIPAddressField(null=True)
    created_at = MillisecondDateTimeField()
    last_used_at = MillisecondDateTimeField()
    expires_at = MillisecondDateTimeField()
    revoked_at = MillisecondDateTimeField(null=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = "sign-in"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="accounts_signin_expires_after_start",
            ),
        ]
        indexes = [
            # Serves the deletion of those that ended long ago.
            models.Index(ENDED_AT, name="accounts_signin_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.device}, {self.created_at:%Y-%m-%d %H:%M} UTC"

    def extend(self, *, at: datetime | None = None) -> bool:
        """Let it expire TOKEN_DAYS from now; return whether it still is there.

        One query.
        """
        now = at or timezone.now()
        self.expires_at = now + timedelta(days=settings.TOKEN_DAYS)
        self.last_used_at = now
        # Not save(), which fails when the account has just been deleted.
        still = SignIn.objects.filter(pk=self.pk, revoked_at=None)
        return bool(still.update(expires_at=self.expires_at, last_used_at=now))

    def touch(self, *, at: datetime) -> None:
        """Record a use, LAST_USED_PRECISION after the last one at the earliest."""
        earlier = SignIn.objects.filter(pk=self.pk, last_used_at__lt=at)
        earlier.update(last_used_at=at)
