"""Links by which a user who forgot their password gives a new one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.utils import timezone

from accounts.models.users import User
from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField
from focusmaster.exceptions import InvalidValue

TOKEN_BYTES = 32
LINK_LIFE = timedelta(hours=1)


class WrongLink(InvalidValue):
    """The error for a token that is unknown, used, void or has expired."""

    def __init__(self) -> None:
        super().__init__("token", "this link does not work any more; ask for a new one")


def hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class PasswordResetQuerySet(ExpiringRows):
    age_column = "expires_at"

    def live(self, *, at: datetime | None = None) -> PasswordResetQuerySet:
        return self.filter(expires_at__gt=at or timezone.now())

    def with_token(self, token: str) -> PasswordResetQuerySet:
        return self.filter(token_hash=hash_of(token))

    def start(self, *, user: User, at: datetime | None = None) -> str:
        """Return a new token for a new password; it replaces an earlier one."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        reset = PasswordReset(
            user=user,
            token_hash=hash_of(token),
            expires_at=(at or timezone.now()) + LINK_LIFE,
        )
        self.bulk_create(
            [reset],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["token_hash", "expires_at"],
        )
        return token


class PasswordReset(models.Model):
    """A user's link to a new password; a later one replaces it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The constraint's index serves.
        related_name="password_resets",
    )
    # The token has 256 random bits, so a plain hash of it cannot be guessed.
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = MillisecondDateTimeField()

    objects = PasswordResetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="accounts_passwordreset_one_per_user"
            ),
        ]
        indexes = [
            # Serves the deletion of links that have expired.
            models.Index(fields=["expires_at"], name="accounts_passwordreset_expiry"),
        ]

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    def use(self, password: str) -> None:
        """Give the user this password, and end all their sign-ins and this link.

        The password must have passed the validators. Raises WrongLink if the token was
        used or became void meanwhile.
        """
        encoded = make_password(password)
        with transaction.atomic():
            mine = User.objects.filter(pk=self.user_id)
            mine.select_for_update(no_key=True).exists()
            this = PasswordReset.objects.filter(pk=self.pk, token_hash=self.token_hash)
            if not this.delete()[0]:
                raise WrongLink
            mine.update(password=encoded, updated_at=timezone.now())
            self.user.sign_ins.all().revoke()
