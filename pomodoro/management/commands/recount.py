"""Recount from the sessions: points, focus totals, Pomodoros of tasks, and badges.

Run it by hand after rows were restored, imported or changed past the service. On a
healthy database it finds nothing, so a second run is harmless. The service may run
meanwhile: a session that is logged is neither lost nor counted twice. Each batch of
people is a transaction; a run that is stopped keeps the batches before. Badges are
added and never removed (see `pomodoro.badges`).
"""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from accounts.models import Progress, User
from pomodoro.reconcile import Difference, recount


class Command(BaseCommand):
    help = "Recount points, focus totals, Pomodoros of tasks and badges from sessions."

    def add_arguments(self, parser) -> None:
        parser.add_argument("emails", nargs="*", metavar="EMAIL", help="Whose.")
        parser.add_argument("--all", action="store_true", help="Everybody's.")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report what would be corrected; change nothing.",
        )

    def handle(
        self,
        *,
        emails: list[str],
        all: bool,
        dry_run: bool,
        verbosity: int,
        **options,
    ) -> None:
        if all == bool(emails):
            raise CommandError("Give either emails or --all.")
        people = User.objects.all() if all else people_with(emails)
        looked_at = corrected = 0
        for number, differences in recount(people, dry_run=dry_run):
            looked_at += number
            corrected += len(differences)
            if verbosity >= 1:
                for difference in differences:
                    self.stdout.write(line_of(difference))
        if verbosity >= 1:
            verb = "Would correct" if dry_run else "Corrected"
            self.stdout.write(f"{verb} {corrected} value(s) of {looked_at} people.")


def people_with(emails: list[str]) -> QuerySet[User]:
    """Return the users with these emails, or raise CommandError; a query for each."""
    ids = []
    for email in emails:
        user = User.objects.with_email(email).only("pk").first()
        if user is None:
            raise CommandError(f"There is no account with the email {email}.")
        ids.append(user.pk)
    return User.objects.filter(pk__in=ids)


def line_of(difference: Difference) -> str:
    row, column, stored, counted = difference
    if isinstance(row, Progress):
        whose = f"user {row.user.email or row.user.name_in_logs}"
    else:
        whose = f"task {row.pk}"
    return f"{whose}: {column} {shown(stored)}, by the sessions {shown(counted)}"


def shown(value: int | list[str]) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
