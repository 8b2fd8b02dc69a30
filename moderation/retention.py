"""What `manage.py prune` deletes: rows that have expired, and guests who left.

Sessions, tasks and work logs of people who stay are none of it, however old.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.erasure import erase_account
from accounts.models import (
    Consent,
    EmailChange,
    FailedSignIn,
    PasswordReset,
    SignIn,
    User,
)
from accounts.models.consents import ANONYMOUS_KEPT
from accounts.models.failed_sign_ins import KEPT as FAILED_SIGN_INS_KEPT
from focusmaster.api.idempotency import KEPT_FOR
from focusmaster.db.batches import batches
from focusmaster.db.expiring import ExpiringRows
from focusmaster.models import Counter, StoredAnswer
from integrations.models import UsedSpotifyState
from moderation.models import ErrorGroup, ErrorOccurrence

# Rows deleted in one transaction, which holds nobody up; guests are one each.
CHUNK = 1000


class StaffSessions(ExpiringRows):
    age_column = "expire_date"


class Expiry(NamedTuple):
    """Rows that go once their age is before a time."""

    name: str
    rows: ExpiringRows
    before: datetime


def expiries(at: datetime) -> list[Expiry]:
    kept = settings.RETENTION
    anonymous = Consent.objects.filter(user=None)
    return [
        Expiry("ended sign-ins", SignIn.objects.all(), at - kept["sign_ins"]),
        Expiry(
            "failed sign-ins", FailedSignIn.objects.all(), at - FAILED_SIGN_INS_KEPT
        ),
        Expiry("sessions of staff", StaffSessions(Session), at),
        Expiry("codes for an address", EmailChange.objects.all(), at),
        Expiry("links for a password", PasswordReset.objects.all(), at),
        Expiry("states of Spotify", UsedSpotifyState.objects.all(), at),
        Expiry("stored answers", StoredAnswer.objects.all(), at - KEPT_FOR),
        Expiry("counters", Counter.objects.all(), at),
        Expiry("anonymous consents", anonymous, at - ANONYMOUS_KEPT),
        Expiry("failed requests", ErrorOccurrence.objects.all(), at - kept["errors"]),
        Expiry("errors", ErrorGroup.objects.all(), at - kept["errors"]),
    ]


def prune(*, at: datetime, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Yield the name of each kind of row and how many were, or would be, deleted.

    Rows that another transaction holds, such as another run's, are passed over.
    """
    before = at - settings.RETENTION["guests"]
    guests = User.objects.idle_guests(before=before)
    yield "idle guests", guests.count() if dry_run else erase_guests(before)
    for name, rows, limit in expiries(at):
        expired = rows.expired(before=limit)
        yield name, expired.count() if dry_run else delete_all(rows, limit)


def delete_all(rows: ExpiringRows, before: datetime) -> int:
    """Delete all that are too old, a chunk at a time; return how many."""
    return sum(
        iter(lambda: rows.delete_expired(CHUNK, before=before), 0)  # until none is left
    )


def erase_guests(before: datetime) -> int:
    """Erase the guests who have asked for nothing since then; return how many."""
    idle = User.objects.idle_guests(before=before)
    return sum(erase_guest(pk, before) for ids in batches(idle, CHUNK) for pk in ids)


@transaction.atomic
def erase_guest(user_id: str, before: datetime) -> bool:
    """Erase a guest as they would themself, unless they came back or are in use."""
    idle = User.objects.idle_guests(before=before).filter(pk=user_id)
    guest = idle.select_for_update(skip_locked=True, of=("self",)).first()
    if guest:
        erase_account(guest)
    return guest is not None
