"""Upgrades and rollbacks as an operator meets them, and roles that may not migrate."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from focusmaster.tests.processes import Service, free_port, manage
from focusmaster.tests.startup import PRODUCTION

LAST = "0009_drop_search_vector"
# What the README has the operator grant.
GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}
"""


def say_applied(state_dir, *names: tuple[str, str]) -> None:
    """Have the database say that these migrations are applied."""
    code = (
        "from django.db.migrations.recorder import MigrationRecorder as R\n"
        f"for app, name in {names}: R.Migration.objects.create(app=app, name=name)"
    )
    done = manage(state_dir, "shell", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr


# Upgrades


def test_migrate_tells_what_runs_and_how_long_it_took(migrated_dir):
    back = manage(migrated_dir, "migrate", "kanban", LAST)
    there = manage(migrated_dir, "migrate")

    assert re.search(r"Unapplying kanban.0010\w+\.\.\. OK \(\d+\.\d+s\)", back.stdout)
    assert re.search(r"Applying kanban.0010\w+\.\.\. OK \(\d+\.\d+s\)", there.stdout)


def test_service_tells_what_it_migrates_and_nothing_when_there_is_nothing(migrated_dir):
    manage(migrated_dir, "migrate", "-v", "0", "kanban", LAST)
    outputs = []
    for _ in range(2):
        with Service(migrated_dir, "--workers", "1") as service:
            outputs.append(service.stop(signal.SIGTERM)[1])

    upgrade, again = outputs
    assert re.search(r"Applying kanban.0010\w+\.\.\. OK \(\d+\.\d+s\)", upgrade)
    assert "migrations" not in again
    assert again.startswith("FocusMaster listens on")


# A database that is newer than the code


def test_service_on_a_newer_database_warns_in_one_line_and_starts(migrated_dir):
    say_applied(migrated_dir, ("kanban", "9998_later"), ("calendars", "0001_initial"))

    with Service(migrated_dir, "--workers", "1") as service:
        assert service.is_ready()
        _, output = service.stop(signal.SIGTERM)

    [line] = [line for line in output.splitlines() if "newer" in line]
    warning = json.loads(line)
    assert warning["level"] == "warning"
    assert "calendars.0001_initial, kanban.9998_later" in warning["message"]


@pytest.mark.parametrize(
    "command", [["migrate"], ["serve", "--port", str(free_port())]]
)
def test_database_that_went_another_way_is_refused(migrated_dir, command):
    manage(migrated_dir, "migrate", "-v", "0", "kanban", LAST)
    say_applied(migrated_dir, ("kanban", "0010_another_way"))

    done = manage(migrated_dir, *command)

    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "kanban.0010_another_way" in line
    assert "kanban.0010_normalize_text" in line
    # A look is allowed, and a part of the way.
    assert manage(migrated_dir, "migrate", "--plan").returncode == 0
    assert manage(migrated_dir, "migrate", "kanban", "0008").returncode == 0


# A role that may not migrate


@pytest.fixture
def database(db, request) -> Iterator[tuple[str, str]]:
    """A database of its own with a role that owns nothing: their names."""
    name, role = f"focus_{free_port()}", f"server_{free_port()}"
    template = getattr(request, "param", "focusmaster")
    with psycopg.connect(url_of("postgres"), autocommit=True) as session:
        for line in (
            "CREATE DATABASE {name} TEMPLATE {template}",
            "CREATE ROLE {role} LOGIN",
        ):
            session.execute(composed(line, name=name, template=template, role=role))
        yield name, role
        session.execute(composed("DROP DATABASE {name} WITH (FORCE)", name=name))
        session.execute(composed("DROP ROLE {role}", role=role))


def composed(text: str, **names: str) -> sql.Composed:
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    return sql.SQL(text).format(**identifiers)


def url_of(name: str, role: str = "") -> str:
    place = connection.settings_dict
    server = f"host={place['HOST']}&port={place['PORT']}"
    return f"postgresql://{role or place['USER']}@/{name}?{server}"


def refused(state_dir, command: list[str], name: str, role: str) -> str:
    """Return the one line that the command ends with, run as the role."""
    done = manage(
        state_dir, *command, **{**PRODUCTION, "DATABASE_URL": url_of(name, role)}
    )
    assert (done.returncode, done.stdout.partition("Operations")[0]) == (1, "")
    [line] = done.stderr.splitlines()
    assert f"The role {role} may not migrate the database {name}: " in line
    assert "manage.py migrate as the owner of the tables" in line
    return line


COMMANDS = [["migrate"], ["serve", "--port", str(free_port())]]


@pytest.mark.parametrize("command", COMMANDS)
def test_role_without_the_right_is_told_what_is_to_be_applied(
    state_dir, database, command
):
    name, role = database
    owner = {**PRODUCTION, "DATABASE_URL": url_of(name)}
    back = manage(state_dir, "migrate", "-v", "0", "kanban", "0008", **owner)
    assert back.returncode == 0, back.stderr
    with psycopg.connect(url_of(name)) as session:
        session.execute(composed(GRANTS, role=role))

    line = refused(state_dir, command, name, role)

    assert "must be owner of" in line
    assert "kanban.0009_drop_search_vector, kanban.0010_normalize_text." in line
    with psycopg.connect(url_of(name)) as session:
        session.execute(composed("DROP OWNED BY {role}", role=role))


@pytest.mark.parametrize("command", COMMANDS)
def test_role_that_may_read_nothing_is_told_so(state_dir, database, command):
    line = refused(state_dir, command, *database)

    assert "permission denied for table django_migrations" in line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("database", ["template1"], indirect=True)
def test_role_that_may_not_create_in_an_empty_database_is_told_so(
    state_dir, database, command
):
    line = refused(state_dir, command, *database)

    assert "permission denied for schema public" in line
    assert " more. " in line
