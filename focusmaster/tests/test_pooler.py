"""The service behind a real PgBouncer in transaction mode."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from focusmaster.tests.pooler import PROGRAM, database_url, empty_database, pooler
from focusmaster.tests.processes import (
    MANAGE,
    Service,
    environment,
    manage,
    until,
)
from focusmaster.tests.verbs import Client

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PROGRAM, reason="there is no PgBouncer here"),
]

PRODUCTION = {
    "SECRET_KEY": "0123456789" * 5,
    "ALLOWED_HOSTS": "127.0.0.1",
    "ADMIN_PASSWORD": "correct horse 1",
    # Counted, as in the service, but none is refused.
    **{f"RATE_LIMIT_{kind}": "1000000/h" for kind in ("GUEST", "USER", "ADMIN")},
}
ADMIN = "admin@example.com"
COMMANDS = [
    ["migrate", "--check"],
    ["createadmin", ADMIN, "--name", "Admin"],
    # The same people each time, with more sessions than a list has in one piece.
    ["seed_demo", "--users", "2", "--days", "250", "--seed", "46", "--force"],
    ["seed_demo", "--users", "1", "--force"],
    ["close_forgotten_clocks", "--older-than-hours", "1"],
    ["recount", "--all"],
    ["clear_errors"],
    ["verify_audit_log"],
    ["archive_audit_log", "--to", "{folder}"],
    ["verify_audit_log", "--archives", "{folder}"],
]
HOLD = """
from focusmaster.db.advisory_locks import *
with advisory_lock(AdvisoryLock.MIGRATE):
    print("held", flush=True)
    input()
"""
# Some of them more than 1000 rows long.
LONG_LISTS = ("/sessions", "/tasks", "/clock/logs", "/clock/logs.csv", "/gdpr/export")


class Place(NamedTuple):
    state_dir: Path
    variables: dict[str, str]


@pytest.fixture
def place(state_dir: Path) -> Iterator[Place]:
    """An empty database behind a pooler, as variables of the environment."""
    with pooler() as port, empty_database() as name:
        yield Place(state_dir, PRODUCTION | {"DATABASE_URL": database_url(port, name)})


def spend_days(service: Service) -> Client:
    client = Client(service)
    client.sign_in("/auth/guest", {})
    for _ in range(2):
        client.day()
    client.leave()
    return client


def test_service_migrates_and_answers_every_verb(place):
    with Service(place.state_dir, "--workers", "2", **place.variables) as service:
        with ThreadPoolExecutor(12) as people:
            clients = list(people.map(spend_days, [service] * 12))
        status, told = service.stop()

    assert [client.refused() for client in clients] == [{}] * 12
    assert sum(len(client.responses) for client in clients) > 1000
    assert status == 0
    assert "behind a pooler" in told
    assert "Traceback" not in told

    with Service(place.state_dir, "--workers", "1", **place.variables) as again:
        assert "Waiting" not in again.told()


def test_commands_and_long_lists_and_staff(place):
    told = ""
    for command in [["migrate"], *COMMANDS]:
        words = [word.format(folder=place.state_dir) for word in command]
        done = manage(place.state_dir, *words, **place.variables)
        assert done.returncode == 0, (command, done.stderr)
        told += done.stdout
    email, password = re.findall(r"Sign in as (\S+), password (\S+)", told)[0]

    with Service(place.state_dir, "--workers", "2", **place.variables) as service:
        person, admin = Client(service), Client(service)
        person.sign_in("/auth/login", {"email": email, "password": password})
        rows = [person.send("GET", path) for path in LONG_LISTS * 3]
        password = PRODUCTION["ADMIN_PASSWORD"]
        admin.sign_in("/auth/login", {"email": ADMIN, "password": password})
        found = admin.send("GET", f"/admin/users?search={email}")["users"]
        admin.moderate(found[0]["_id"])

    assert len(rows[0]) > 1000
    assert person.refused() == admin.refused() == {}


def test_start_waits_for_another_and_no_longer_than_that_lives(place):
    assert manage(place.state_dir, "migrate", **place.variables).returncode == 0
    holder = subprocess.Popen(
        [*MANAGE, "shell", "-v", "0", "-c", HOLD],
        env=environment(place.state_dir, **place.variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert "held" in holder.stdout.read(5)
        service = Service(place.state_dir, **place.variables)
        until(lambda: "process" in service.told())
        waiting = service.told()
        holder.kill()

    with service:
        assert service.is_ready()
    assert re.search(r"Waiting for .* \(process \d+ of PostgreSQL\)", waiting)
