"""Add demo people with tasks and months of sessions, to look at and to measure.

Run it by hand, on a database of one's own. A second run adds more people and touches
nobody who is there. When it is stopped half-way, whole people stay.
"""

from __future__ import annotations

import secrets
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from focusmaster.dates.zones import zone_named
from focusmaster.management.options import check_range
from focusmaster.management.problems import database_problem
from moderation.demo.audit import add_entries
from moderation.demo.seeding import Added, add_people
from moderation.traffic import count_now

MOST_PEOPLE = 1_000_000
MOST_DAYS = 3_650  # ten years
MOST_ENTRIES = 10_000_000
MOST_SEED = 2**63 - 1

# The password of demo people on a service that runs on this machine alone.
LOCAL_PASSWORD = "focus25minutes"

BAR_WIDTH = 30
CLEAR_LINE = "\r\033[K"
# The exit status after Ctrl-C, as in a shell.
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Add demo people with tasks and months of sessions."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--users",
            type=int,
            default=20,
            help=f"How many people, at most {MOST_PEOPLE:,} (default: %(default)s).",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=90,
            help=f"How many days of their lives, at most {MOST_DAYS:,} "
            "(default: %(default)s).",
        )
        parser.add_argument(
            "--audit-entries",
            type=int,
            default=0,
            help="How many entries of the audit log, which stay there, at most "
            f"{MOST_ENTRIES:,} (default: none).",
        )
        parser.add_argument(
            "--seed", type=int, help="Give the same number to make the same people."
        )
        parser.add_argument(
            "--force", action="store_true", help="Do it in a production database too."
        )

    def handle(
        self,
        *,
        users: int,
        days: int,
        audit_entries: int,
        seed: int | None,
        force: bool,
        verbosity: int,
        **options,
    ) -> None:
        check_not_production(force)
        check_range("--users", users, MOST_PEOPLE, style=",")
        check_range("--days", days, MOST_DAYS, style=",")
        check_range("--audit-entries", audit_entries, MOST_ENTRIES, least=0, style=",")
        self.verbosity = verbosity
        check_range("--seed", seed or 0, MOST_SEED, least=0)
        self.seed = secrets.randbelow(1_000_000) if seed is None else seed
        self.password = new_password() if settings.PRODUCTION else LOCAL_PASSWORD
        self.added = Added()
        self.started = time.monotonic()
        try:
            self.add(users, days)
            self.add_audit_entries(audit_entries, days)
            # Else the first look at the admin pages would count the busy days.
            count_now(zone_named("UTC"))
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped: {self.added.people:,} of {users:,} people were added.",
                returncode=INTERRUPTED,
            ) from None
        except Error as exc:
            raise CommandError(database_problem(exc)) from exc
        finally:
            self.report()

    def add(self, users: int, days: int) -> None:
        self.draw(0)
        steps = add_people(users, days=days, seed=self.seed, password=self.password)
        for self.added in steps:
            self.draw(self.added.people / users)

    def add_audit_entries(self, count: int, days: int) -> None:
        for done in add_entries(count, days=days):
            self.draw(done / count)
        if count and self.verbosity >= 1:
            self.stdout.write(f"Added {count:,} audit entries.")

    def draw(self, share: float) -> None:
        """Draw the progress on a terminal, with the time that is left."""
        if not self.has_bar():
            return
        bar = "#" * round(BAR_WIDTH * share)
        line = f"{CLEAR_LINE}[{bar:.<{BAR_WIDTH}}] {share:4.0%}"
        if share:
            elapsed = time.monotonic() - self.started
            line += f"  {elapsed / share - elapsed:,.0f} s left"
        self.stdout.write(line, ending="")
        self.stdout.flush()

    def report(self) -> None:
        """Write what was added, and how to sign in."""
        if self.has_bar():
            self.stdout.write(CLEAR_LINE, ending="")
        if self.verbosity < 1 or not self.added.people:
            return
        counts = ", ".join(
            f"{count:,} {model._meta.verbose_name_plural}"
            for model, count in self.added.rows.items()
        )
        seconds = time.monotonic() - self.started
        self.stdout.write(f"Added {counts} in {seconds:,.1f} s (seed {self.seed}).")
        self.stdout.write(f"Sign in as {self.added.email}, password {self.password}")

    def has_bar(self) -> bool:
        return self.verbosity >= 1 and self.stdout.isatty()


def check_not_production(force: bool) -> None:
    if settings.PRODUCTION and not force:
        raise CommandError(
            "This is a production database: demo people do not belong there. "
            "--force adds them all the same."
        )


def new_password() -> str:
    """Return a password that cannot be guessed, with letters and digits."""
    return f"focus25-{secrets.token_hex(8)}"
