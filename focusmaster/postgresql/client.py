"""`manage.py dbshell`, on the embedded server too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from django.db.backends.postgresql import client

from focusmaster.postgresql.embedded import programs

if TYPE_CHECKING:
    from focusmaster.postgresql.base import DatabaseWrapper


class DatabaseClient(client.DatabaseClient):
    def runshell(self, parameters: Iterable[str]) -> None:
        embedded = cast("DatabaseWrapper", self.connection).embedded
        if embedded is not None:
            embedded.join()
            embedded.ensure_running()
            # Servers are often installed without a psql that is on the path.
            if (psql := programs() / "psql").exists():
                self.executable_name = str(psql)
        super().runshell(parameters)
