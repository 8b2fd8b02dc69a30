"""Create an account with the role of admin, for the admin pages and endpoints.

Run it once after the first start. A second run with the same email changes nothing and
fails with a clear line.
"""

from __future__ import annotations

import os
import warnings
from getpass import GetPassWarning, getpass

from django.core.management.base import BaseCommand, CommandError
from rest_framework.exceptions import ValidationError

from accounts.exceptions import EmailTaken
from accounts.serializers import RegistrationSerializer
from focusmaster.api.fields import flatten
from moderation.actors import Actor
from moderation.roles import create_admin


class Command(BaseCommand):
    help = "Create an admin. The password is asked for, or read from ADMIN_PASSWORD."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Admin")

    def handle(self, *, email: str, name: str, verbosity: int, **options) -> None:
        fields = {"email": email, "name": name, "password": self._password()}
        serializer = RegistrationSerializer(data=fields)
        try:
            serializer.is_valid(raise_exception=True)
            user = create_admin(**serializer.validated_data, by=Actor.of_command())
        except ValidationError as exc:
            first = flatten(exc.detail)[0]
            raise CommandError(f"{first['field']}: {first['message']}") from None
        except EmailTaken as exc:
            raise CommandError(exc.message) from None
        if verbosity >= 1:
            self.stdout.write(f"Created the admin {user.email}.")

    def _password(self) -> str:
        given = os.environ.get("ADMIN_PASSWORD")
        if given is not None:
            return given
        try:
            with warnings.catch_warnings():
                # Without a terminal the password would be shown while it is typed.
                warnings.simplefilter("error", GetPassWarning)
                password = getpass("Password: ")
                again = getpass("Password (again): ")
        except (EOFError, KeyboardInterrupt, GetPassWarning):
            raise CommandError(
                "No password was given. Type one, or set ADMIN_PASSWORD."
            ) from None
        if password != again:
            raise CommandError("The passwords differ.")
        return password
