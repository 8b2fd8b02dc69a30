"""The database backend `focusmaster.postgresql`: Django's own for PostgreSQL, and

- with EMBEDDED_DIR set, the first connection starts the embedded server;
- parameters are bound by the server;
- a kept connection is checked without a question to the server;
- behind a pooler, which gives each transaction another session of the server, nothing
  is left in a session: no statement is prepared, no cursor outlives its transaction;
- with HAS_LIMITS set, no statement runs for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import base, features
from psycopg import OperationalError
from psycopg.pq import ConnStatus

from focusmaster.db.statement_timeout import SET_LIMITS
from focusmaster.db.statements import PreparedStatements, checked
from focusmaster.postgresql.client import DatabaseClient
from focusmaster.postgresql.embedded import PORT, ROLE, server_in

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn

    from focusmaster.postgresql.embedded import EmbeddedServer

# A server elsewhere that does not answer must fail the request, not hold it.
CONNECT_SECONDS = 5


class DatabaseFeatures(features.DatabaseFeatures):
    minimum_database_version = (15,)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient
    features_class = DatabaseFeatures

    def __init__(
        self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(settings_dict, *args, **kwargs)
        settings_dict["OPTIONS"] = driver_options(settings_dict["OPTIONS"])
        # Settled by each new connection, unless DATABASE_URL says it.
        self.prepares_statements = True
        self.is_limited = False
        self.embedded: EmbeddedServer | None = None
        if settings_dict.get("EMBEDDED_DIR"):
            self.embedded = server_in(settings_dict["EMBEDDED_DIR"])
            settings_dict |= {
                "HOST": str(self.embedded.socket_dir),
                "PORT": PORT,
                "USER": ROLE,
            }

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection:
        """Connect; if the embedded server does not answer, start it and try again."""
        driver: psycopg.Connection
        if self.embedded is None:
            driver = super().get_new_connection(conn_params)
        else:
            self.embedded.join()
            try:
                driver = super().get_new_connection(conn_params)
            except OperationalError:
                self.embedded.ensure_running()
                driver = super().get_new_connection(conn_params)
        given: bool | None = self.settings_dict.get("PREPARED_STATEMENTS")
        if given is not None:
            self.prepares_statements = given
        elif self.embedded is None:
            self.prepares_statements = not is_pooled(driver)
        self.prepared_statements = PreparedStatements(self, driver)
        has_limits: bool = self.settings_dict.get("HAS_LIMITS", False)
        self.is_limited = has_limits and self.prepares_statements
        if self.is_limited:
            checked(driver.pgconn.exec_(SET_LIMITS.encode()))
        return driver

    def chunked_cursor(self) -> Any:
        """Return a cursor on the server; outside of a transaction an ordinary one.

        There it would have to outlive the statement's transaction (WITH HOLD): the
        server would store all rows first, in a session that a pooler gives to others.
        """
        return super().chunked_cursor() if self.in_atomic_block else self.cursor()

    def is_usable(self) -> bool:
        """Tell whether the kept connection is alive, without a round trip.

        An idle connection has nothing to say, so what can be read is a notice, or the
        end of the stream when the server died or closed it; after a last message, the
        end is there at the second look. Only a peer that vanished without closing goes
        unnoticed; there the next query fails. libpq reads without waiting, and without
        handing the interpreter's lock to another thread, as waiting for the socket to
        become readable would.
        """
        if self.connection is None:
            return False
        pgconn: PGconn = self.connection.pgconn
        try:
            pgconn.consume_input()
            pgconn.consume_input()
        except OperationalError:
            return False
        return pgconn.status == ConnStatus.OK


def is_pooled(driver: psycopg.Connection) -> bool:
    """Tell whether a pooler answers for the server; one query.

    A pooler has given the connection a process id of its own making, for it cannot
    know which of its sessions will run the next statement.
    """
    pgconn = driver.pgconn
    asked = checked(pgconn.exec_(b"SELECT pg_backend_pid()"))
    return int(asked.get_value(0, 0) or 0) != pgconn.backend_pid


def driver_options(options: dict[str, object]) -> dict[str, object]:
    """Complete the driver's options.

    The driver itself prepares nothing: once it has, it drops all statements of the
    connection after each rollback, ours included (see `prepared`).
    """
    ours = {"prepare_threshold": None, "server_side_binding": True}
    return {"connect_timeout": CONNECT_SECONDS} | options | ours
