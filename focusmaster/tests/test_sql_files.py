"""The functions and triggers of the migrated database are those of the SQL files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.state import ProjectState

from focusmaster.db.sql_files import InstallSQL, read_sql
from focusmaster.postgresql.embedded import PORT, ROLE, EmbeddedServer
from focusmaster.tests.processes import manage

FILES = [
    (app.label, path)
    for app in apps.get_app_configs()
    for path in sorted(Path(app.path).glob("sql/*.sql"))
]

# Each with its definition, and the transaction that wrote it last. The definition of a
# trigger does not say whether it fires: that is `tgenabled`.
OBJECTS = """
SELECT oid::regprocedure::text, pg_get_functiondef(oid), xmin::text
FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend
    WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
)
UNION ALL
SELECT
    format('%s on %s', tgname, tgrelid::regclass),
    format('%s, %s', pg_get_triggerdef(oid), tgenabled),
    xmin::text
FROM pg_trigger WHERE NOT tgisinternal
"""


def objects(cursor: Any) -> dict[str, tuple[str, str]]:
    cursor.execute(OBJECTS)
    return {name: (definition, writer) for name, definition, writer in cursor}


def definitions(cursor: Any) -> dict[str, str]:
    return {name: definition for name, (definition, _) in objects(cursor).items()}


def differences() -> list[str]:
    """Run all files, undo it, and return how the database differed from them."""
    with connection.cursor() as cursor:
        before = objects(cursor)
        # A savepoint, so what the files write has a transaction number of its own.
        with transaction.atomic():
            for _, path in FILES:
                cursor.execute(path.read_text())
            after = objects(cursor)
            transaction.set_rollback(True)
    found = [f"{name} is missing" for name in after.keys() - before.keys()]
    for name, (definition, writer) in before.items():
        present, last_writer = after.get(name, ("", ""))
        if present != definition:
            found.append(f"{name} differs")
        elif last_writer == writer:
            found.append(f"{name} is in no file")
    return sorted(found)


@contextmanager
def database(state_dir: Path) -> Iterator[psycopg.Connection]:
    """Connect to the database of a state folder; its server runs meanwhile."""
    server = EmbeddedServer(state_dir / "postgresql")
    server.join()
    try:
        server.ensure_running()
        place = {"host": str(server.socket_dir), "port": PORT, "user": ROLE}
        with closing(psycopg.connect(**place, dbname=ROLE, autocommit=True)) as session:
            yield session
    finally:
        server.leave()


def test_migrated_database_has_what_the_files_say_and_nothing_else(db):
    assert differences() == []


FOLDED = "CREATE OR REPLACE FUNCTION focusmaster_folded(text) RETURNS text"
ENTRIES, DETAILS = "moderation_auditentry", "moderation_auditparticulars"


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            f"{FOLDED} LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN $1",
            "focusmaster_folded(text) differs",
        ),
        (
            "ALTER FUNCTION focusmaster_folded STABLE",
            "focusmaster_folded(text) differs",
        ),
        (
            "DROP FUNCTION focusmaster_search_patterns",
            "focusmaster_search_patterns(text) is missing",
        ),
        (
            "CREATE FUNCTION stray() RETURNS integer LANGUAGE sql RETURN 1",
            "stray() is in no file",
        ),
        (
            "CREATE FUNCTION focusmaster_folded(text, text) RETURNS text "
            "LANGUAGE sql RETURN $1",
            "focusmaster_folded(text,text) is in no file",
        ),
        (
            f"CREATE OR REPLACE TRIGGER {ENTRIES}_guard BEFORE TRUNCATE ON {ENTRIES} "
            "EXECUTE FUNCTION moderation_audit_refuse()",
            f"{ENTRIES}_guard on {ENTRIES} differs",
        ),
        (
            f"ALTER TABLE {ENTRIES} ENABLE TRIGGER {ENTRIES}_guard",
            f"{ENTRIES}_guard on {ENTRIES} differs",
        ),
        (
            f"DROP TRIGGER {DETAILS}_delete ON {DETAILS}; "
            f"CREATE CONSTRAINT TRIGGER {DETAILS}_delete AFTER DELETE ON {DETAILS} "
            f"FOR EACH ROW EXECUTE FUNCTION {DETAILS}_refuse_delete(); "
            f"ALTER TABLE {DETAILS} ENABLE ALWAYS TRIGGER {DETAILS}_delete",
            f"{DETAILS}_delete on {DETAILS} differs",
        ),
        (
            f"DROP TRIGGER {ENTRIES}_chain ON {ENTRIES}",
            f"{ENTRIES}_chain on {ENTRIES} is missing",
        ),
        (
            "CREATE TRIGGER stray BEFORE TRUNCATE ON kanban_task "
            "EXECUTE FUNCTION moderation_audit_refuse()",
            "stray on kanban_task is in no file",
        ),
    ],
)
def test_difference_from_the_files_is_found(db, change, difference):
    with connection.cursor() as cursor:
        cursor.execute(change)

    assert differences() == [difference]


@pytest.mark.parametrize(("app_label", "path"), FILES)
def test_every_version_up_to_the_present_one_is_kept(app_label, path):
    first_line = path.read_text().partition("\n")[0]
    present = int(first_line.removeprefix("-- version "))

    texts = {read_sql(app_label, path.stem, n) for n in range(1, present + 1)}

    assert len(texts) == present


ONE = "CREATE OR REPLACE FUNCTION one() RETURNS text LANGUAGE sql RETURN '100 %'"


@pytest.fixture
def sql_dir(tmp_path, monkeypatch) -> Path:
    """A folder with two versions of a file, in the place of an app's own."""
    monkeypatch.setattr(apps.get_app_config("kanban"), "path", str(tmp_path))
    folder = tmp_path / "sql"
    (folder / "history").mkdir(parents=True)
    (folder / "one.sql").write_text(f"-- version 2\n{ONE} || 2")
    (folder / "history" / "one.1.sql").write_text(f"-- version 1\n{ONE} || 1")
    return folder


def test_versions_are_installed_one_after_the_other_and_go_back(db, sql_dir):
    first = InstallSQL("one", version=1, reverse_sql="DROP FUNCTION one")
    second = InstallSQL("one", version=2)

    results = []
    for run in (
        first.database_forwards,
        second.database_forwards,
        second.database_backwards,
    ):
        with connection.schema_editor() as editor, connection.cursor() as cursor:
            run("kanban", editor, ProjectState(), ProjectState())
            cursor.execute("SELECT one()")
            results.append(cursor.fetchone()[0])
    with connection.schema_editor() as editor, connection.cursor() as cursor:
        first.database_backwards("kanban", editor, ProjectState(), ProjectState())
        left = definitions(cursor)

    assert results == ["100 %1", "100 %2", "100 %1"]
    assert "one()" not in left


def test_version_that_no_file_has_is_an_error(sql_dir):
    with pytest.raises(LookupError, match=r"one\.sql has no version 3"):
        read_sql("kanban", "one", 3)


def test_all_migrations_go_back_and_forward_again(migrated_dir):
    with database(migrated_dir) as session:
        before = definitions(session.cursor())
        # All that creates a function depends on the accounts.
        back = manage(migrated_dir, "migrate", "accounts", "zero")
        left = definitions(session.cursor())
        forward = manage(migrated_dir, "migrate")
        after = definitions(session.cursor())

    assert (back.returncode, back.stderr) == (0, "")
    assert left == {}
    assert (forward.returncode, forward.stderr) == (0, "")
    assert after == before
