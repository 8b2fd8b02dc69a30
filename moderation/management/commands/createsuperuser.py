"""Point to `createadmin`, which Django's `createsuperuser` is not fit for.

It would know neither the rules for names and passwords nor the audit log. It changes
nothing, so a second run is harmless.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError


class Command(createsuperuser.Command):
    help = "Not used here: createadmin creates an account with the role of admin."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "Use manage.py createadmin EMAIL: it takes the password from "
            "ADMIN_PASSWORD, or asks for it."
        )
