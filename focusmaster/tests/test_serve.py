from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

from django.db import connection

from focusmaster.management.commands.serve import Command
from focusmaster.tests.processes import (
    Service,
    children,
    free_port,
    manage,
    postmaster,
    processes_of,
    until,
)

PRODUCTION = {
    "DATABASE_URL": "postgresql://someone@127.0.0.1:1/focusmaster",
    "SECRET_KEY": "0123456789" * 5,
    "ALLOWED_HOSTS": "127.0.0.1",
}


def test_two_services_start_at_once_on_an_empty_folder(state_dir):
    with ExitStack() as stack:
        services = [Service(state_dir, "--workers", "1") for _ in range(2)]
        for service in services:
            stack.enter_context(service)

        assert [service.is_ready() for service in services] == [True, True]
        # One is told to stop, the other one's terminal is closed.
        assert services[0].stop(signal.SIGTERM)[0] == 0
        assert services[1].is_ready()
        assert services[1].stop(signal.SIGHUP)[0] == 0

    assert processes_of(state_dir) == []


def test_terminated_service_ends_well_and_leaves_nothing(migrated_dir):
    with Service(migrated_dir) as service:
        status, output = service.stop(signal.SIGTERM)

    assert status == 0
    assert "Traceback" not in output
    assert processes_of(migrated_dir) == []


def test_ctrl_c_ends_well_after_failures_were_made_good(migrated_dir):
    with Service(migrated_dir) as service:
        killed, spared = children(service.process.pid)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(set(children(service.process.pid)) - {killed, spared}) == 1)
        until(service.is_ready)
        server = postmaster(migrated_dir)
        backends = children(server)
        os.kill(server, signal.SIGKILL)
        # They see it some milliseconds later; a request that one of them has begun to
        # serve by then is 503.
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in backends))
        assert service.is_ready()

        status, output = service.stop(signal.SIGINT)

    assert status == 0
    assert "Traceback" not in output
    assert processes_of(migrated_dir) == []


def test_killed_service_leaves_no_process(migrated_dir):
    with Service(migrated_dir) as service:
        service.process.kill()

        until(lambda: processes_of(migrated_dir) == [])


def test_ordinary_server_elsewhere_is_used(db, state_dir):
    place = connection.settings_dict
    options = f"host={place['HOST']}&port={place['PORT']}&connect_timeout=3"
    url = f"postgresql://{place['USER']}@/{place['NAME']}?{options}"

    variables = PRODUCTION | {"DATABASE_URL": url}
    done = manage(state_dir, "migrate", "--check", **variables)

    assert done.returncode == 0, done.stderr
    assert not (state_dir / "postgresql").exists()


def test_start_tells_where_it_listens_and_what_comes_next(settings):
    told = StringIO()

    Command(stdout=told).announce("127.0.0.1", 5000)

    assert "http://127.0.0.1:5000 " in told.getvalue()
    assert "http://localhost:5000/api/docs" in told.getvalue()
    assert "manage.py createadmin" in told.getvalue()


def assert_one_clear_line(done, *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    for word in words:
        assert word in line


def test_taken_port_is_one_clear_line(state_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = manage(state_dir, "serve", "--port", port)

    assert_one_clear_line(done, port, "Address already in use")
    assert not (state_dir / "postgresql").exists()


def test_broken_data_folder_is_one_clear_line(state_dir):
    data = state_dir / "postgresql" / "data"
    data.mkdir(parents=True)
    (data / "holiday.jpg").touch()

    done = manage(state_dir, "serve", "--port", str(free_port()))

    assert_one_clear_line(done, str(data), "no PostgreSQL data", "STATE_DIR")
    assert processes_of(state_dir) == []


def test_unreachable_database_is_one_clear_line(state_dir):
    done = manage(state_dir, "serve", "--port", str(free_port()), **PRODUCTION)

    assert_one_clear_line(done, "DATABASE_URL", "127.0.0.1", "refused")


def test_missing_secret_key_is_one_clear_line(state_dir):
    url = PRODUCTION["DATABASE_URL"]

    done = manage(state_dir, "serve", DATABASE_URL=url)

    assert_one_clear_line(done, "SECRET_KEY")
