"""Close the work clocks that somebody left running.

Run it hourly by cron. A clock that has run for so many hours is closed at its owner's
last sign of life, with a note that says so; the owner can correct it. A second run
finds nothing left. Each clock is a transaction, so that two runs at once, or a stop by
the owner, close it once.
"""

from __future__ import annotations

from itertools import chain

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.batches import batches
from focusmaster.management.options import check_range
from timeclock.models import WorkLog

# Clocks fetched at a time.
CHUNK = 500


class Command(BaseCommand):
    help = "Close clocks that were left running, at their owners' last sign of life."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--older-than-hours",
            type=int,
            default=settings.CLOCK_FORGOTTEN_HOURS,
            help="Since when a clock must have been running (default: %(default)s).",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report the clocks that would be closed; change nothing.",
        )

    def handle(
        self, *, older_than_hours: int, dry_run: bool, verbosity: int, **options
    ) -> None:
        most = settings.MOST_FORGOTTEN_HOURS
        check_range("--older-than-hours", older_than_hours, most)

        now = timezone.now()
        forgotten = WorkLog.objects.forgotten(hours=older_than_hours, at=now)

        closed = 0
        with_sign = forgotten.with_last_sign(at=now)
        found = (with_sign.filter(pk__in=ids) for ids in batches(forgotten, CHUNK))
        for log in chain.from_iterable(found):
            if not dry_run and not log.close_at(log.last_sign_at):
                continue
            closed += 1
            if verbosity >= 2:
                end = format_instant(log.last_sign_at)
                self.stdout.write(f"work log {log.pk}: {log}, ends {end}")

        if verbosity >= 1:
            verb = "Would close" if dry_run else "Closed"
            self.stdout.write(f"{verb} {closed} forgotten clock(s).")
