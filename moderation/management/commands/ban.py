"""Ban a person, or suspend them until an instant.

Run it by hand. It takes effect with the person's next request and ends their sign-ins.
A second run replaces the ban by one with the new reason and end.
"""

from __future__ import annotations

from datetime import datetime

from django.core.management.base import CommandError

from focusmaster.dates.rfc3339 import format_instant, parse_instant
from moderation.management.staff import PersonCommand, reason_of
from moderation.models import Ban
from moderation.models.bans import MAX_REASON


class Command(PersonCommand):
    help = "Ban the account with an email, or suspend it until an instant."

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--reason", required=True, help="Why; the person reads it, too."
        )
        parser.add_argument(
            "--until",
            metavar="INSTANT",
            help="When it ends by itself, such as 2026-02-09T10:00:00Z.",
        )

    def handle(
        self, *, email: str, reason: str, until: str | None, verbosity: int, **options
    ) -> None:
        reason = reason_of(reason)
        if not reason:
            raise CommandError(f"--reason must have 1 to {MAX_REASON} characters.")
        end = until and instant_of(until)
        user = self.act(email, Ban.objects.impose, reason=reason, until=end)
        done = f"Suspended until {format_instant(end)}" if end else "Banned"
        self.say(f"{done}: {user.email}.", verbosity)


def instant_of(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as exc:
        raise CommandError(f"--until: {exc}") from None
