"""A PgBouncer in transaction mode, between the service and the tests' PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings
from django.db import connection

from focusmaster.tests.processes import free_port, until

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
# Few, and each in turn: a client seldom gets the one that it had.
SERVER_CONNECTIONS = 4
CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
server_round_robin = 1
max_client_conn = 200
"""


@contextmanager
def pooler(*, size: int = SERVER_CONNECTIONS) -> Iterator[int]:
    """Run one that leads to the server of the tests; yield its port."""
    server, port = connection.settings_dict, free_port()
    with tempfile.TemporaryDirectory() as folder, process(server, folder, port, size):
        until(lambda: is_open(port))
        yield port


@contextmanager
def process(
    server: dict[str, Any], folder: str, port: int, size: int
) -> Iterator[None]:
    file = Path(folder, "pgbouncer.ini")
    names = ("HOST", "PORT", "USER", "PASSWORD")
    given = " ".join(f"{name.lower()}={server[name]}" for name in names if server[name])
    file.write_text(CONFIGURATION.format(server=given, own_port=port, size=size))
    Path(folder).chmod(0o755)
    running = subprocess.Popen(
        [PROGRAM, "--quiet", file], stderr=subprocess.DEVNULL, **account(server)
    )
    try:
        yield
    finally:
        running.kill()
        running.wait()


def account(server: dict[str, Any]) -> dict[str, Any]:
    """Return the account of the embedded server: PgBouncer does not run as root."""
    place = Path(server["HOST"])
    if os.geteuid() != 0 or not place.is_dir():
        return {}
    for above in place.parents:
        if above == settings.STATE_DIR.parent:
            break
        above.chmod(0o711)
    owner = place.stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def empty_database() -> Iterator[str]:
    """Make a database; drop it, with all connections to it, at the end."""
    name = f"pooled_{uuid4().hex}"
    run(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def database_url(port: int, name: str, query: str = "") -> str:
    user = quote(connection.settings_dict["USER"])
    return f"postgresql://{user}@127.0.0.1:{port}/{name}{query}"
