"""Move old entries of the audit log to a signed file.

Run it from cron, best monthly, as a database role with INSERT on
`moderation_auditarchive`. A second run finds nothing that is old enough. Keep the
files: the chain continues from the last of them, and `verify_audit_log --archives`
checks them.
"""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from focusmaster.management.options import check_folder, check_range
from moderation.actors import Actor
from moderation.audit.archives import MIN_DAYS, ArchiveUnderWay, archive, older_than
from moderation.audit.chain import BrokenChain

MOST_DAYS = 36_500  # a hundred years


class Command(BaseCommand):
    help = "Move old entries of the audit log to a signed file."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--older-than-days",
            type=int,
            default=365,
            help=f"Age of what moves, at least {MIN_DAYS} (default: %(default)s).",
        )
        parser.add_argument(
            "--to", type=Path, required=True, metavar="FOLDER", help="An own folder."
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report what would be moved; change nothing.",
        )

    def handle(
        self,
        *,
        older_than_days: int,
        to: Path,
        dry_run: bool,
        verbosity: int,
        **options,
    ) -> None:
        check_range("--older-than-days", older_than_days, MOST_DAYS, least=MIN_DAYS)
        check_folder("--to", to)
        span = older_than(older_than_days)
        if span and not dry_run:
            try:
                archive(span, to, by=Actor.of_command())
            except ArchiveUnderWay:
                raise CommandError("Another run is archiving.") from None
            except BrokenChain as exc:
                raise CommandError(f"Nothing was moved. {exc}") from None
            except OSError as exc:
                raise CommandError(f"{exc.filename}: {exc.strerror}") from None
            except DatabaseError as exc:
                raise CommandError(f"Nothing was moved. {exc}") from None
        if verbosity >= 1:
            verb = "Would move" if dry_run else "Moved"
            where = f" to {to / span.file_name}" if span else ""
            count = span.count if span else 0
            self.stdout.write(f"{verb} {count} audit entries{where}.")
