"""Made-up entries of the audit log, to look at and to measure.

They are recorded like any others: the trigger chains them, and only archiving removes
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from focusmaster.db.writes import analyze
from moderation.actors import Actor
from moderation.models import AuditEntry, AuditPersonalDetails

ENTRIES_PER_BATCH = 10_000
PEOPLE = 1000

ACTS = (
    (AuditEntry.Action.BANNED, "Banned"),
    (AuditEntry.Action.UNBANNED, "Lifted the ban"),
)


def add_entries(count: int, *, days: int) -> Iterator[int]:
    """Append as many acts on people who are there; yield how many there are so far.

    The first is so many days old, the last is from now. A batch is one transaction.
    """
    now, operator = timezone.now(), Actor(None, "demo")
    people = User.objects.order_by("-pk").values_list("pk", flat=True)[:PEOPLE]
    ids = list(people)
    for first in range(0, count, ENTRIES_PER_BATCH):
        last = min(count, first + ENTRIES_PER_BATCH)
        AuditEntry.objects.record_many(
            {
                "action": ACTS[number % 2][0],
                "details": ACTS[number % 2][1],
                "by": operator,
                "target_id": ids[number % len(ids)],
                "at": now - timedelta(days=days) * (1 - (number + 1) / count),
            }
            for number in range(first, last)
        )
        yield last
    analyze(AuditEntry, AuditPersonalDetails)
