"""Make a person an admin.

Run it by hand, for an account that exists; `createadmin` makes a new one. A second
run changes nothing.
"""

from __future__ import annotations

from moderation.management.staff import PersonCommand
from moderation.roles import promote


class Command(PersonCommand):
    help = "Give the account with an email the role admin."

    def handle(self, *, email: str, verbosity: int, **options) -> None:
        user = self.act(email, promote)
        self.say(f"{user.email} is an admin.", verbosity)
