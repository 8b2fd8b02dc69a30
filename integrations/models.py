"""Links to Spotify: whose player the service may control, and with which tokens.

The database guarantees that a person has at most one link, that its tokens are kept
encrypted, that a `state` is used only once, and that there is one pause for all.

Of the processes that could renew a link's tokens or have its music follow the focus,
one claims the link for a while: no transaction is open while Spotify is asked. A claim
whose process died ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q, Subquery
from django.utils import timezone

from focusmaster.dates.rfc3339 import present
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
# The longest that everybody is kept from Spotify by one of its 429.
MAX_PAUSE = timedelta(minutes=5)
# How long a link is claimed: longer than Spotify is waited for, twice at most, and
# than the clocks of two machines differ.
CLAIM_LIFE = timedelta(seconds=15)
# The process that a phase was told to follows it at once.
PICKED_UP_WITHIN = timedelta(seconds=3)
# A phase that nobody took up is too old to follow after this time.
PHASE_LIFE = timedelta(minutes=10)


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

    def with_pause(self) -> SpotifyLinkQuerySet:
        """Annotate the end of the pause that Spotify wants, `paused_until`."""
        return self.annotate(
            paused_until=Subquery(SpotifyPause.objects.values("until")[:1])
        )

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
                update_fields=[
                    "encrypted_tokens",
                    "scopes",
                    "expires_at",
                    "linked_at",
                    "renewing_until",
                ],
            )
        return link

    def claim_renewal(self, link: SpotifyLink, *, at: datetime | None = None) -> bool:
        """Claim the link to renew its tokens; one query.

        Return False if another process has claimed it, or changed the tokens.
        """
        at = at or timezone.now()
        free = Q(renewing_until=None) | Q(renewing_until__lt=at)
        mine = self.with_tokens_of(link).filter(free)
        return mine.update(renewing_until=at + CLAIM_LIFE) == 1

    def with_tokens_of(self, link: SpotifyLink) -> SpotifyLinkQuerySet:
        """Return the link, unless it has other tokens by now."""
        return self.filter(pk=link.pk, encrypted_tokens=link.encrypted_tokens)

    def keep(self, grant: Grant, *, at: datetime | None = None) -> None:
        """Replace the tokens by those of a grant and give back the claim; one query."""
        renewed = SpotifyLink()
        renewed.take(grant, at=at)
        values = {} if grant.scopes is None else {"scopes": grant.scopes}
        self.update(
            encrypted_tokens=renewed.encrypted_tokens,
            expires_at=renewed.expires_at,
            renewing_until=None,
            **values,
        )

    def set_phase(self, *, user: User, phase: str, at: datetime | None = None) -> bool:
        """Write what the person is at now over what they were at; one query.

        Return False if they have no link, or do not want music to follow.
        """
        mine = self.owned_by(user).filter(user__spotify_autoplay=True)
        changed = mine.update(
            phase=phase,
            phase_number=F("phase_number") + 1,
            phase_at=at or timezone.now(),
        )
        return changed == 1

    def claim_phase(
        self, user_id: str, *, at: datetime | None = None
    ) -> SpotifyLink | None:
        """Claim the link to follow its phase, and return it; 2 queries.

        Return None if there is no phase to follow, or another process follows it.
        """
        at = at or present()
        free = Q(following_until=None) | Q(following_until__lt=at)
        waiting = self.filter(free, pk=user_id).exclude(phase="")
        with transaction.atomic():
            link = waiting.select_for_update(no_key=True).first()
            if link:
                link.following_until = at + CLAIM_LIFE
                link.save(update_fields=["following_until"])
        return link

    def finish_phase(self, link: SpotifyLink) -> None:
        """Give back a claim; the phase is done if there is no newer one; 2 queries."""
        mine = self.filter(pk=link.pk, following_until=link.following_until)
        mine.filter(phase_number=link.phase_number).update(phase="")
        mine.update(following_until=None)

    def put_off_phase(self, link: SpotifyLink, seconds: int) -> None:
        """Give back a claim, for the phase to be followed later; one query."""
        mine = self.filter(pk=link.pk, following_until=link.following_until)
        mine.update(following_until=timezone.now() + timedelta(seconds=seconds))

    def overdue_phases(self, count: int, *, at: datetime | None = None) -> list[str]:
        """Return whose phase nobody follows though it is time, oldest first; one query.

        The process that should have is gone, or it has too much to do.
        """
        at = at or timezone.now()
        unclaimed = Q(following_until=None, phase_at__lt=at - PICKED_UP_WITHIN)
        overdue = self.exclude(phase="").filter(unclaimed | Q(following_until__lt=at))
        return list(overdue.order_by("phase_at").values_list("pk", flat=True)[:count])


class Phase(models.TextChoices):
    """What a person's timer has just begun."""

    FOCUS = "focus"
    BREAK = "break"
    STOP = "stop"


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
    # Until when a process has claimed to renew the tokens.
    renewing_until = MillisecondDateTimeField(null=True)
    # What the music has yet to follow, "" when it has; with each the number rises.
    phase = models.CharField(
        max_length=5, blank=True, choices=Phase.choices, db_default=""
    )
    phase_number = models.BigIntegerField(db_default=0)
    phase_at = MillisecondDateTimeField(null=True)
    # Until when a process has claimed to follow it, or not to before.
    following_until = MillisecondDateTimeField(null=True)

    objects = SpotifyLinkQuerySet.as_manager()

    # Set by `with_pause` alone.
    paused_until: datetime | None

    class Meta:
        verbose_name = "Spotify link"
        indexes = [
            # Serves the search for phases that nobody follows.
            models.Index(
                fields=["phase_at"],
                condition=~Q(phase=""),
                name="integrations_link_phase_at",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(phase__in=["", *Phase.values]),
                name="integrations_spotifylink_phase",
            ),
            models.CheckConstraint(
                condition=Q(phase="") | Q(phase_at__isnull=False),
                name="integrations_spotifylink_phase_has_time",
            ),
            models.CheckConstraint(
                condition=Q(encrypted_tokens__startswith=ENCRYPTED),
                name="integrations_spotifylink_tokens_encrypted",
            ),
        ]

    def __str__(self) -> str:
        # Kept in the log of what staff did, which outlives the account: only the id.
        return f"Spotify of {self.user.name_in_logs}"

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

    def is_too_late(self, *, at: datetime | None = None) -> bool:
        """Whether the phase was told too long ago to follow it now."""
        at = at or timezone.now()
        return self.phase_at is None or self.phase_at < at - PHASE_LIFE

    def take(self, grant: Grant, *, at: datetime | None = None) -> None:
        """Set the columns to what was granted; does not save."""
        self.encrypted_tokens = encrypt(orjson.dumps(grant.tokens)).decode()
        if grant.scopes is not None:
            self.scopes = grant.scopes
        self.expires_at = (at or timezone.now()) + grant.lifetime


def seconds_until(then: datetime | None, *, at: datetime | None = None) -> int:
    """Return the whole seconds until then, rounded up; 0 without it or after it."""
    left = then - (at or timezone.now()) if then else timedelta()
    return max(0, ceil(left.total_seconds()))


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


class SpotifyPauseQuerySet(models.QuerySet):
    def begin(self, seconds: int, *, at: datetime | None = None) -> None:
        """Ask Spotify nothing for so long, MAX_PAUSE at most; 1 or 2 queries."""
        pause = min(timedelta(seconds=seconds), MAX_PAUSE)
        until = (at or timezone.now()) + pause
        # Two processes that begin one at once: the longer one counts.
        if not self.filter(until__gte=until).exists():
            self.bulk_create(
                [SpotifyPause(id=1, until=until)],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["until"],
            )

    def seconds_left(self, *, at: datetime | None = None) -> int:
        """Return for how long Spotify must not be asked, 0 if it may be; one query."""
        return seconds_until(self.values_list("until", flat=True).first(), at=at)


class SpotifyPause(models.Model):
    """Until when Spotify wants to be asked nothing; it counts requests by app."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    until = MillisecondDateTimeField()

    objects = SpotifyPauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1), name="integrations_spotifypause_one_row"
            )
        ]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M:%S}"
