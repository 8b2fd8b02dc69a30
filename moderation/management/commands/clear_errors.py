"""Delete the errors that are older than RETENTION_ERRORS_DAYS, as `prune` does.

Meant for a daily cron entry. Each new error deletes a few old ones; this deletes them
also if no new one comes. A second run finds nothing left, and one that is stopped
half-way leaves the rest to the next.
"""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils import timezone

from moderation.models import ErrorGroup, ErrorOccurrence
from moderation.models.errors import kept_for
from moderation.retention import delete_all


class Command(BaseCommand):
    help = "Delete the errors that are too old; `prune` deletes these and more."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report the errors that would be deleted; change nothing.",
        )

    def handle(self, *, dry_run: bool, verbosity: int, **options) -> None:
        before = timezone.now() - kept_for()
        requests, errors = (
            rows.expired(before=before).count() if dry_run else delete_all(rows, before)
            for rows in (ErrorOccurrence.objects.all(), ErrorGroup.objects.all())
        )
        if verbosity >= 1:
            verb = "Would delete" if dry_run else "Deleted"
            self.stdout.write(f"{verb} {errors} error(s), {requests} request(s).")
