"""Changes of email addresses, pending until the code mailed to the new one is given."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.addresses import email_key
from accounts.exceptions import EmailTaken
from accounts.models.user_queries import EMAIL_UNIQUE
from accounts.models.users import User
from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField
from focusmaster.exceptions import InvalidValue, constraint_errors

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)


class WrongCode(InvalidValue):
    """The error for a code that is wrong, has expired, or was never sent."""

    def __init__(self) -> None:
        super().__init__("otp", "this code is wrong or has expired")


class EmailChangeQuerySet(ExpiringRows):
    age_column = "expires_at"

    def owned_by(self, user: User) -> EmailChangeQuerySet:
        return self.filter(user=user)

    def live(self, *, at: datetime | None = None) -> EmailChangeQuerySet:
        return self.filter(expires_at__gt=at or timezone.now())

    def start(self, *, user: User, new_email: str, at: datetime | None = None) -> str:
        """Return a new code for the user's new address; it replaces an earlier one."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        change = EmailChange(
            user=user,
            new_email=new_email,
            expires_at=(at or timezone.now()) + CODE_LIFE,
        )
        change.code_hash = change.hash_of(code)
        self.bulk_create(
            [change],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["new_email", "code_hash", "expires_at"],
        )
        return code


class EmailChange(models.Model):
    """A user's new address that is not confirmed; a later one replaces it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # The constraint's index serves.
        related_name="email_changes",
    )
    new_email = models.EmailField(max_length=254)
    # Keyed with SECRET_KEY, because a million codes are soon tried on a plain hash.
    code_hash = models.CharField(max_length=64)
    expires_at = MillisecondDateTimeField()

    objects = EmailChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="accounts_emailchange_one_per_user"
            ),
        ]
        indexes = [
            # Serves the deletion of codes that have expired.
            models.Index(fields=["expires_at"], name="accounts_emailchange_expiry"),
        ]

    def __str__(self) -> str:
        return f"to {self.new_email}"

    def hash_of(self, code: str) -> str:
        value = f"{self.user_id} {self.new_email} {code}"
        mac = salted_hmac("accounts.email_change", value, algorithm="sha256")
        return mac.hexdigest()

    def confirm(self, code: str) -> str:
        """Give the user the new address, delete this change and return the old address.

        Also voids a link to reset the password, which went to the old address. Raises
        WrongCode, also if another code has replaced this one, and EmailTaken.
        """
        if not constant_time_compare(self.code_hash, self.hash_of(code)):
            raise WrongCode
        with transaction.atomic():
            mine = User.objects.filter(pk=self.user_id)
            locked = mine.select_for_update(no_key=True)
            old_email = locked.values_list("email", flat=True).first()
            this = EmailChange.objects.filter(pk=self.pk, code_hash=self.code_hash)
            if not this.delete()[0]:
                raise WrongCode
            with constraint_errors({EMAIL_UNIQUE: EmailTaken()}):
                mine.update(
                    email=self.new_email,
                    email_key=email_key(self.new_email),
                    updated_at=timezone.now(),
                )
            self.user.password_resets.all().delete()
        return old_email
