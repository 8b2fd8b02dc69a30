"""The author of an act: an admin by a request, or the user who runs a command."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from focusmaster.api.client_info import client_ip, user_agent
from moderation.exceptions import NoLongerAdmin

if TYPE_CHECKING:
    from collections.abc import Container

    from django.http import HttpRequest


@dataclass(frozen=True)
class Actor:
    """The author of an act. `id` is None for a user of the operating system."""

    id: str | None
    name: str
    ip_address: str | None = None
    user_agent: str = ""

    @classmethod
    def of_request(cls, request: HttpRequest) -> Actor:
        user: Any = request.user
        return cls(user.pk, user.name, client_ip(request), user_agent(request))

    @classmethod
    def of_command(cls) -> Actor:
        """Return the user of this process: the kernel's, which no variable changes."""
        number = os.getuid()
        try:
            name = pwd.getpwuid(number).pw_name
        except KeyError:  # Containers often run as a number without a name.
            name = str(number)
        return cls(None, name)

    def check_is_among(self, admins: Container[str]) -> None:
        """Raise NoLongerAdmin if the role was taken away since the request began."""
        if self.id is not None and self.id not in admins:
            raise NoLongerAdmin
