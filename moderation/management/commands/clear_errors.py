"""Delete the errors that are older than 30 days.

Meant for a daily cron entry. Staff's pages do not show them any more, and each new
error deletes a few; this deletes them also where no new one comes. A second run finds
nothing left, and one that is stopped half-way leaves the rest to the next.
"""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from moderation.models import ErrorGroup, ErrorOccurrence

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
        now = timezone.now()
        requests, errors = (
            rows.count() if dry_run else clear(rows)
            for rows in (
                ErrorOccurrence.objects.expired(at=now),
                ErrorGroup.objects.expired(at=now),
            )
        )
        if verbosity >= 1:
            verb = "Would delete" if dry_run else "Deleted"
            self.stdout.write(f"{verb} {errors} error(s), {requests} request(s).")


def clear(rows: QuerySet) -> int:
    """Delete the rows; return how many."""
    count = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:CHUNK]):
        # Asked again: of an error that has come once more meanwhile, all is kept.
        rows.filter(pk__in=ids).delete()
        count += len(ids)
    return count
