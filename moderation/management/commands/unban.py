"""Lift a person's ban or suspension.

Run it by hand. A second run finds nothing to lift and changes nothing.
"""

from __future__ import annotations

from moderation.management.staff import PersonCommand, reason_of
from moderation.models import Ban


class Command(PersonCommand):
    help = "Lift the ban or suspension of the account with an email."

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="Why, for the audit log.")

    def handle(self, *, email: str, reason: str, verbosity: int, **options) -> None:
        user = self.act(email, Ban.objects.lift, reason=reason_of(reason))
        self.say(f"{user.email} may come in.", verbosity)
