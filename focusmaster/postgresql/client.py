"""`manage.py dbshell`, on the embedded server too."""

from __future__ import annotations

from django.db.backends.postgresql import client

from focusmaster.postgresql.embedded import programs


class DatabaseClient(client.DatabaseClient):
    def runshell(self, parameters):
        embedded = self.connection.embedded
        if embedded is not None:
            embedded.join()
            embedded.ensure_running()
            # Servers are often installed without a psql that is on the path.
            if (psql := programs() / "psql").exists():
                self.executable_name = str(psql)
        super().runshell(parameters)
