from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.utils import OperationalError

from focusmaster.postgresql.embedded import PORT, ROLE, EmbeddedServer, programs
from focusmaster.tests.processes import (
    MANAGE,
    PATIENCE_SECONDS,
    copy_state,
    environment,
    manage,
    postmaster,
    processes_of,
    until,
)

NOBODY = 65534


@contextmanager
def using(state_dir: Path) -> Iterator[EmbeddedServer]:
    """Use the embedded server of a state folder, and cease to."""
    server = EmbeddedServer(state_dir / "postgresql")
    server.join()
    try:
        server.ensure_running()
        yield server
    finally:
        server.leave()


def ask(server: EmbeddedServer, query: str) -> object:
    place = {"host": str(server.socket_dir), "port": PORT}
    with psycopg.connect(**place, user=ROLE, dbname="focusmaster") as session:
        return session.execute(query).fetchone()[0]


def supervisor(state_dir: Path) -> int:
    """Find the process that watches over the server."""
    return next(
        pid
        for pid in processes_of(state_dir)
        if b"supervisor.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def test_two_commands_start_at_once_where_a_first_start_was_killed(state_dir):
    half_made = state_dir / "postgresql" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").touch()

    with ThreadPoolExecutor() as threads:
        both = list(threads.map(manage, [state_dir] * 2, ["showmigrations"] * 2))

    assert [done.returncode for done in both] == [0, 0]
    assert not half_made.exists()
    assert processes_of(state_dir) == []


def test_one_server_serves_all_users_until_the_last_has_gone(migrated_dir):
    with using(migrated_dir) as first, using(migrated_dir) as second:
        server = postmaster(migrated_dir)
        second.leave()

        assert postmaster(migrated_dir) == server
        assert ask(first, "SELECT 1") == 1

    assert processes_of(migrated_dir) == []


@pytest.mark.parametrize("name", ["with a space", "with, a comma", "x" * 120])
def test_state_folder_may_have_any_name(prepared_state, state_dir, name):
    state_dir /= name
    state_dir.mkdir()
    copy_state(prepared_state, state_dir)

    with using(state_dir) as server:
        assert ask(server, "SELECT count(*) FROM django_migrations") > 0

    assert processes_of(state_dir) == []
    if server.socket_dir != server.data:
        server.socket_dir.unlink()


def test_short_link_of_someone_else_is_refused(state_dir):
    server = EmbeddedServer(state_dir / ("x" * 120))
    server.socket_dir.symlink_to("/elsewhere")

    with pytest.raises(OperationalError, match="is in the way"):
        server.join()

    server.leave()
    server.socket_dir.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_serves_a_plain_users_folder_as_that_user(migrated_dir):
    folder = migrated_dir / "postgresql"
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", migrated_dir], check=True)
    (folder / "log").unlink()

    with using(migrated_dir):
        server = Path(f"/proc/{postmaster(migrated_dir)}").stat()

    assert server.st_uid == NOBODY
    assert {path.stat().st_uid for path in folder.iterdir()} == {NOBODY}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be someone else")
def test_plain_user_runs_a_command():
    python = python_for_everyone()
    # The run's own folder is closed to others.
    with tempfile.TemporaryDirectory(prefix="fm-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        done = subprocess.run(
            [python, *MANAGE[1:], "showmigrations"],
            env=environment(Path(folder), PYTHONPATH=os.pathsep.join(sys.path)),
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

        assert done.returncode == 0, done.stderr
        assert Path(folder, "postgresql", "data").stat().st_uid == NOBODY
        assert processes_of(Path(folder)) == []


def python_for_everyone() -> str:
    """Find an interpreter that is not in root's own folders, or skip the test."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(version, path="/usr/bin")):
        command = [python, "-c", "import sys; open(sys.argv[1])", *MANAGE[1:]]
        try:
            subprocess.run(command, user=NOBODY, check=True, capture_output=True)
        except (OSError, TypeError, subprocess.CalledProcessError):
            continue
        return python
    return pytest.skip("no interpreter, or not this code, is open to all users")


def test_killed_server_is_started_again_with_its_data(migrated_dir):
    with using(migrated_dir) as server:
        os.kill(postmaster(migrated_dir), signal.SIGKILL)

        server.ensure_running()

        assert ask(server, "SELECT count(*) FROM django_migrations") > 0


def test_killed_supervisor_takes_the_server_with_it(migrated_dir):
    with using(migrated_dir) as server:
        before = postmaster(migrated_dir)
        os.kill(supervisor(migrated_dir), signal.SIGKILL)
        until(lambda: processes_of(migrated_dir) == [])

        server.ensure_running()

        assert postmaster(migrated_dir) != before


def test_files_of_a_killed_server_do_not_stop_the_next(migrated_dir):
    data = migrated_dir / "postgresql" / "data"
    # This process is alive, as one that got the old server's number may be.
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / name).write_text(f"{os.getpid()}\n{data}\n1\n{PORT}\n.\n\n1 2\nready\n")

    with using(migrated_dir) as server:
        assert ask(server, "SELECT 1") == 1


def test_data_is_utf8_and_the_same_on_every_system(migrated_dir):
    query = """
        SELECT ARRAY[current_setting('server_encoding'), current_setting('TimeZone'),
                     lower('ÄÖ'), ('Z' < 'a')::text]
    """

    with using(migrated_dir) as server:
        assert ask(server, query) == ["UTF8", "UTC", "äö", "true"]


def test_data_of_another_version_is_refused_untouched(state_dir):
    data = state_dir / "postgresql" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")

    with pytest.raises(OperationalError, match=r"made by PostgreSQL 14.*PG_BINDIR"):
        using(state_dir).__enter__()

    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_broken_data_is_refused_with_the_servers_own_reason(migrated_dir):
    (migrated_dir / "postgresql" / "data" / "global" / "pg_control").unlink()

    with pytest.raises(OperationalError, match=r"cannot start on .*global/pg_control"):
        using(migrated_dir).__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_data_that_belongs_to_root_is_refused(migrated_dir):
    os.chown(migrated_dir / "postgresql" / "data", 0, 0)

    with pytest.raises(OperationalError, match=r"belongs to root.*chown"):
        using(migrated_dir).__enter__()


def test_state_folder_that_is_a_file_is_refused(state_dir):
    (state_dir / "file").touch()

    with pytest.raises(OperationalError, match=r"cannot be used: .*STATE_DIR"):
        using(state_dir / "file").__enter__()


def test_folder_without_programs_is_refused(settings, state_dir):
    settings.PG_BINDIR = str(state_dir)

    with pytest.raises(ImproperlyConfigured, match=r"PG_BINDIR .* has no postgres"):
        programs()


def test_ended_session_is_noticed_without_a_query(db):
    other = connection.copy()
    other.ensure_connection()
    session = other.connection.info.backend_pid
    assert other.is_usable()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [session])

    # The word of the end may take a moment.
    until(lambda: not other.is_usable())
    other.close()
