"""Links to Spotify: whose player the service may control, and with which tokens.

The database guarantees that a person has at most one link, that its tokens are kept
encrypted, and that a `state` is used only once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows
from focusmaster.db.fields import MillisecondDateTimeField
from focusmaster.encryption import InvalidToken, decrypt, encrypt
from integrations.exceptions import InvalidState

if TYPE_CHECKING:
    from accounts.models import User

STATE_USED_ONCE = "integrations_usedspotifystate_pkey"
# What every Fernet token begins with, until the year 2106.
ENCRYPTED = "gAAAAA"
# A token is not used for a request that it might expire under.
MARGIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Tokens:
    """Secrets of a person's Spotify account, which no repr shows."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """What Spotify grants for a code or a refresh token."""

    tokens: Tokens
    lifetime: timedelta
    # None if they stay as they are.
    scopes: list[str] | None


class SpotifyLinkQuerySet(models.QuerySet):
    def owned_by(self, user: User) -> SpotifyLinkQuerySet:
        return self.filter(user=user)

    def of(self, user_id: str) -> SpotifyLink | None:
        return self.filter(pk=user_id).first()

    def connect(
        self, *, user: User, grant: Grant, at: datetime | None = None
    ) -> SpotifyLink:
        """Link the person to Spotify, in place of an earlier link; 2 queries.

        Raises InvalidState if the account was deleted meanwhile, or has another
        password: then it may be somebody else's.
        """
        link = SpotifyLink(user=user, linked_at=at or timezone.now())
        link.take(grant, at=link.linked_at)
        with transaction.atomic():
            users = type(user).objects.select_for_update(no_key=True)
            same = users.filter(pk=user.pk, password=user.password)
            if not same.values_list("pk").first():
                raise InvalidState
            self.bulk_create(
                [link],
                update_conflicts=True,
                unique_fields=["user"],
                update_fields=["encrypted_tokens", "scopes", "expires_at", "linked_at"],
            )
        return link


class SpotifyLink(models.Model):
    """A person's one link to their Spotify account."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="spotify_link",
    )
    # Both, as JSON, see `focusmaster.encryption`.
    encrypted_tokens = models.TextField()
    # What the person allowed.
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    # When the access token expires. The link has no such time: Spotify ends it.
    expires_at = MillisecondDateTimeField()
    linked_at = MillisecondDateTimeField()

    objects = SpotifyLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "Spotify link"
        constraints = [
            models.CheckConstraint(
                condition=Q(encrypted_tokens__startswith=ENCRYPTED),
                name="integrations_spotifylink_tokens_encrypted",
            ),
        ]

    def __str__(self) -> str:
        # Kept in the log of what staff did, which outlives the account: only the id.
        return f"Spotify of {self.user_id}"

    def tokens(self) -> Tokens:
        """Return the tokens; raises InvalidToken if the key that they need is gone."""
        return Tokens(**orjson.loads(decrypt(self.encrypted_tokens.encode())))

    def is_readable(self) -> bool:
        """Whether there still is a key to decrypt the tokens."""
        try:
            self.tokens()
        except InvalidToken:
            return False
        return True

    def is_fresh(self, *, at: datetime | None = None) -> bool:
        """Whether the access token is good for at least MARGIN from then."""
        return self.expires_at > (at or timezone.now()) + MARGIN

    def take(self, grant: Grant, *, at: datetime | None = None) -> None:
        """Set the columns to what was granted; does not save."""
        self.encrypted_tokens = encrypt(orjson.dumps(grant.tokens)).decode()
        if grant.scopes is not None:
            self.scopes = grant.scopes
        self.expires_at = (at or timezone.now()) + grant.lifetime


class UsedSpotifyStateQuerySet(ExpiringRows):
    age_column = "expires_at"


class UsedSpotifyState(models.Model):
    """A `state` that was used; kept until it would have expired."""

    nonce = models.CharField(max_length=32, primary_key=True)
    expires_at = MillisecondDateTimeField()

    objects = UsedSpotifyStateQuerySet.as_manager()

    class Meta:
        indexes = [
            # Serves the removal of those that have expired.
            models.Index(fields=["expires_at"], name="integrations_usedstate_expires")
        ]

    def __str__(self) -> str:
        return self.nonce
