"""Delete what has expired: ended sign-ins, idle guests, codes, stored answers, errors.

Meant for a daily cron entry. It works in small transactions and passes over what is in
use, so that the service and a second run may be at work meanwhile; one that is stopped
half-way leaves the rest to the next, which else finds nothing.
"""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils import timezone

from moderation.retention import prune


class Command(BaseCommand):
    help = "Delete sign-ins, guests, codes, answers and errors that have expired."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report what would be deleted; change nothing.",
        )

    def handle(self, *, dry_run: bool, verbosity: int, **options) -> None:
        counts = prune(at=timezone.now(), dry_run=dry_run)
        told = ", ".join(f"{count} {name}" for name, count in counts)
        if verbosity >= 1:
            verb = "Would delete" if dry_run else "Deleted"
            self.stdout.write(f"{verb} {told}.")
