"""What the commands about one person share: finding them, and saying what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework.exceptions import APIException

from accounts.models import User
from focusmaster.exceptions import InvalidValue, RuleViolation
from moderation.actors import Actor


class PersonCommand(BaseCommand):
    """A command that does something to the account with an email."""

    def add_arguments(self, parser) -> None:
        parser.add_argument("email", help="The account's email address.")

    def act(self, email: str, verb: Callable[..., User], **arguments: Any) -> User:
        """Call a verb as the operating system's user; a refusal is one clear line."""
        user = User.objects.with_email(email).first()
        if user is None:
            raise CommandError(f"There is no account with the email {email}.")
        try:
            return verb(user_id=user.pk, by=Actor.of_command(), **arguments)
        except (RuleViolation, InvalidValue, APIException) as exc:
            raise CommandError(str(exc)) from None

    def say(self, line: str, verbosity: int) -> None:
        if verbosity >= 1:
            self.stdout.write(line)
