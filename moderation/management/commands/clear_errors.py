"""Delete the errors that are older than 30 days.

Meant for a daily cron entry. Each new error deletes a few old ones; this deletes them
also if no new one comes. A second run finds nothing left, and one that is stopped
half-way leaves the rest to the next.
"""

from __future__ import annotations

from datetime import datetime

from django.core.management.base import BaseCommand
from django.utils import timezone

from focusmaster.db.expiring import ExpiringRows
from moderation.models import ErrorGroup, ErrorOccurrence
from moderation.models.errors import KEPT

# Rows deleted in one transaction.
CHUNK = 1000


class Command(BaseCommand):
    help = "Delete the errors that are older than 30 days."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report the errors that would be deleted; change nothing.",
        )

    def handle(self, *, dry_run: bool, verbosity: int, **options) -> None:
        before = timezone.now() - KEPT
        requests, errors = (
            rows.expired(before=before).count() if dry_run else clear(rows, before)
            for rows in (ErrorOccurrence.objects.all(), ErrorGroup.objects.all())
        )
        if verbosity >= 1:
            verb = "Would delete" if dry_run else "Deleted"
            self.stdout.write(f"{verb} {errors} error(s), {requests} request(s).")


def clear(rows: ExpiringRows, before: datetime) -> int:
    """Delete all that are too old, a chunk at a time; return how many."""
    total = 0
    while count := rows.delete_expired(CHUNK, before=before):
        total += count
    return total
