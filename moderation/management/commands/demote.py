"""Take the role of admin away from a person.

Run it by hand. It takes effect with their next request. The last admin stays one. A
second run changes nothing.
"""

from __future__ import annotations

from moderation.management.staff import PersonCommand
from moderation.roles import demote


class Command(PersonCommand):
    help = "Take the role admin away from the account with an email."

    def handle(self, *, email: str, verbosity: int, **options) -> None:
        user = self.act(email, demote)
        self.say(f"{user.email} is no admin.", verbosity)
