"""Check the audit log for tampering.

Run it from cron, best daily and with an anchor on another disk. It changes nothing but
the anchor, so a second run is harmless. Tampering is an error that names the first
entry that shows it, and the exit status is 1.
"""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from moderation.audit.archives import verify_archives
from moderation.audit.chain import (
    BrokenChain,
    ChainHead,
    read_anchor,
    verify,
    write_anchor,
)


class Command(BaseCommand):
    help = "Check the chain of the audit log."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="Keeps the end of the chain outside of the database: what it says is "
            "checked, then it is written anew.",
        )
        parser.add_argument(
            "--archives",
            type=Path,
            metavar="FOLDER",
            help="Check the files that archive_audit_log has written there, too.",
        )

    def handle(
        self, *, anchor: Path | None, archives: Path | None, verbosity: int, **options
    ) -> None:
        try:
            lines = self.verified(anchor, archives)
        except BrokenChain as exc:
            raise CommandError(str(exc)) from None
        except OSError as exc:
            raise CommandError(f"{exc.filename}: {exc.strerror}") from None
        if verbosity >= 1:
            self.stdout.write("\n".join(lines))

    def verified(self, anchor: Path | None, archives: Path | None) -> list[str]:
        """Return the lines to write if the log is intact."""
        lines = []
        if archives and not archives.is_dir():
            raise CommandError(f"--archives: there is no folder {archives}.")
        known: ChainHead | None = read_anchor(anchor) if anchor else None
        if archives:
            count, has_anchor = verify_archives(archives, known)
            known = None if has_anchor else known
            lines.append(f"Verified {count} archive(s).")
        first, head = verify(known)
        lines.append(f"Verified {head.position - first.position} audit entries.")
        if anchor:
            write_anchor(anchor, head)
        return lines
