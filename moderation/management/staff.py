"""The base of the commands that act on one account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from focusmaster.exceptions import InvalidValue, RowNotFound, RuleViolation
from focusmaster.text import InvalidText, clean_text
from moderation.actors import Actor
from moderation.models.bans import MAX_REASON


def reason_of(text: str) -> str:
    """Return the reason that was given as it is stored, or raise CommandError."""
    try:
        return clean_text(text, max_length=MAX_REASON, lines=True)
    except InvalidText as exc:
        raise CommandError(f"--reason: {exc}.") from None


class PersonCommand(BaseCommand):
    """A command that acts on the account with an email."""

    def add_arguments(self, parser) -> None:
        parser.add_argument("email", help="The account's email address.")

    def act(self, email: str, verb: Callable[..., User], **arguments: Any) -> User:
        """Call a verb as the operating system's user; an error is a CommandError."""
        try:
            user = User.objects.with_email(email).first()
            if user is None:
                raise RowNotFound
            return verb(user_id=user.pk, by=Actor.of_command(), **arguments)
        except RowNotFound:
            raise CommandError(f"There is no account with the email {email}.") from None
        except (RuleViolation, InvalidValue) as exc:
            raise CommandError(str(exc)) from None

    def say(self, line: str, verbosity: int) -> None:
        if verbosity >= 1:
            self.stdout.write(line)
