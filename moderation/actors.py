"""Who acts: a member of staff through a request, or whoever runs a command."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.exceptions import PermissionDenied

from focusmaster.api.client_info import client_ip, user_agent
from focusmaster.api.errors import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Container

    from django.http import HttpRequest


@dataclass(frozen=True)
class Actor:
    """The author of an act. `id` is None for the user of the operating system."""

    id: str | None
    name: str
    ip_address: str | None = None
    user_agent: str = ""

    @classmethod
    def of_request(cls, request: HttpRequest) -> Actor:
        user = request.user
        return cls(user.pk, user.name, client_ip(request), user_agent(request))

    @classmethod
    def of_command(cls) -> Actor:
        """Return who runs this process, by the kernel's word rather than a variable."""
        number = os.getuid()
        try:
            name = pwd.getpwuid(number).pw_name
        except KeyError:  # Containers often run as a number that has no name.
            name = str(number)
        return cls(None, name)

    def check_is_among(self, admins: Container[str]) -> None:
        """Refuse who has lost the role since the request began."""
        if self.id is not None and self.id not in admins:
            raise PermissionDenied(*PUBLISHED[403])
