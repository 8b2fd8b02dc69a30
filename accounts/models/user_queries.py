"""Finding users, making them and locking them."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.hashers import make_password
from django.db import models
from django.db.models import BinaryField, Q, Value
from django.db.models.functions import Collate, Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from accounts.addresses import email_key, email_keys
from accounts.exceptions import EmailTaken
from accounts.passwords import check_typed_password
from focusmaster.db.digests import KeyedDigest
from focusmaster.db.fields import OBJECT_ID
from focusmaster.encryption import derive_key, secret_keys
from focusmaster.exceptions import constraint_errors

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models.users import User

EMAIL_UNIQUE = "accounts_user_email_key_unique"


@cache
def _hash_of_nobody() -> str:
    return make_password("the password of nobody")


@cache
def naming_key(secret: str) -> bytes:
    """Return the key of the names that guests have in logs, under a secret key."""
    return derive_key(b"accounts.guest_in_logs", secret)


class UserQuerySet(models.QuerySet):
    def with_email(self, email: str) -> UserQuerySet:
        """Keep the user with this email, however it is spelt; see `accounts.addresses`.

        Where an older account shares the mailbox, its exact spelling finds that one.
        """
        exact, *key = email_keys(email)
        if not key:
            return self.filter(~Q(email_key=""), email_key=exact)
        shared = self.model.objects.filter(email_key=exact).values("pk")
        return self.filter(
            Q(email_key=exact) | Q(email_key=key[0]) & ~models.Exists(shared)
        )

    def beginning_with(self, text: str) -> UserQuerySet:
        """Keep those whose email or name begins so, in any case; an index serves it."""
        begins = Lower(Value(unicodedata.normalize("NFC", text.strip())))
        return self.alias(
            lower_email=Collate(Lower("email"), "C"),
            lower_name=Collate(Lower("name"), "C"),
        ).filter(Q(lower_email__startswith=begins) | Q(lower_name__startswith=begins))

    def named_in_logs(self, name: str) -> UserQuerySet:
        """Keep whom logs and errors call so: by the id, or by a digest as a guest.

        One query; for a digest, which reads all users, two.
        """
        if not OBJECT_ID.fullmatch(name):
            return self.none()
        known = self.filter(pk=name)
        if known.exists():
            return known
        wanted = Q()
        for secret in secret_keys():
            key = Value(naming_key(secret), output_field=BinaryField())
            wanted |= Q(Exact(KeyedDigest(key, "pk"), Value(name)))
        return self.filter(wanted)

    def guests(self) -> UserQuerySet:
        return self.filter(is_guest=True)

    def idle_guests(self, *, before: datetime) -> UserQuerySet:
        """Keep guests who were made before then and have asked for nothing since."""
        old = self.guests().filter(created_at__lt=before)
        return old.exclude(sign_ins__last_used_at__gte=before)

    def with_credentials(self, email: str, password: str) -> User | None:
        """Return the user with this email and password, or None.

        One query, and one that writes the hash anew where it is an old one.

        Takes as long for an unknown email as for a known one.
        """
        user = self.with_email(email).first()
        if user is None:
            check_typed_password(password, _hash_of_nobody())
            return None
        return user if user.check_password(password) else None

    def register(
        self,
        *,
        name: str,
        email: str,
        password: str | None,
        role: str | None = None,
        guest: User | None = None,
    ) -> User:
        """Create an account, or raise EmailTaken.

        The password must have passed the validators; None for an account that is opened
        by other means. A constraint decides between two concurrent registrations.

        A guest becomes the account and keeps their rows. One who has become an account
        meanwhile gets another.
        """
        now = timezone.now()
        account = {
            "name": name,
            "email": email.strip(),
            "email_key": email_key(email),
            "password": make_password(password),
            "role": role or self.model.Role.USER,
            "is_guest": False,
            "updated_at": now,
        }
        with constraint_errors({EMAIL_UNIQUE: EmailTaken()}):
            if guest and self.guests().filter(pk=guest.pk).update(**account):
                return self.get(pk=guest.pk)
            return self.create(**account, created_at=now)

    def add_guest(self) -> User:
        """Create a user without email and password."""
        now = timezone.now()
        return self.create(
            name="Guest",
            password=make_password(None),
            is_guest=True,
            created_at=now,
            updated_at=now,
        )

    def lock(self) -> None:
        """Lock these users, in the order of their ids; one query. In a transaction.

        Whatever locks several users does so by this method, so that none waits for the
        other.
        """
        rows = self.order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk"))


class UserManager(
    BaseUserManager.from_queryset(UserQuerySet)  # type: ignore[misc]  # made by a call
):
    def get_by_natural_key(self, username: str) -> User:
        return self.with_email(username).get()
