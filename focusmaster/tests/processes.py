"""Run the service as its operator does, in real processes, and see what they leave.

What is looked up in /proc makes these tests Linux-only; the code under test is not.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
# Far above what anything here takes, so that a hang fails and a slow machine does not.
PATIENCE_SECONDS = 40


def environment(state_dir: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "STATE_DIR": str(state_dir), **variables}


def manage(
    state_dir: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess:
    """Run one command to its end."""
    return subprocess.run(
        [*MANAGE, *arguments],
        env=environment(state_dir, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def copy_state(source: Path, target: Path) -> None:
    """Copy a state folder that is not in use, with its owners, as shutil would not."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fail if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.03)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes_of(folder: Path) -> list[int]:
    """List the live processes that work in `folder` or were told about it.

    The database server's and its supervisor stand in it, commands and workers have it
    in their environment.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # It may end while we look; of a dead one nothing can be read.
        with suppress(OSError):
            told = (process / "environ").read_bytes()
            stands = os.readlink(process / "cwd") + "/"
            if f"STATE_DIR={folder}\0".encode() in told or stands.startswith(
                f"{folder}/"
            ):
                found.append(int(process.name))
    return found


def children(pid: int) -> list[int]:
    """List the live children of a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(status.parent.name))
    return found


def postmaster(state_dir: Path) -> int:
    """Read the process id of the running database server."""
    pid_file = state_dir / "postgresql" / "data" / "postmaster.pid"
    return int(pid_file.read_text().splitlines()[0])


@contextmanager
def hung_database(state_dir: Path) -> Iterator[None]:
    """Stop all processes of the database, so that they hold what they are told."""
    server = postmaster(state_dir)
    pids = [server, *children(server)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Service:
    """A `manage.py serve` that answers; leaving the block ends it by force."""

    def __init__(self, state_dir: Path, *arguments: str, **variables: str) -> None:
        self.port = free_port()
        self.state_dir = state_dir
        # A file: a pipe that nobody reads would be full after some hundred requests.
        self.output = TemporaryFile("a+")  # noqa: SIM115 (leaving the block closes it)
        self.process = subprocess.Popen(
            [*MANAGE, "serve", "--port", str(self.port), *arguments],
            env=environment(state_dir, **variables),
            stdout=self.output,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own, for a Ctrl-C as the terminal sends it.
            start_new_session=True,
        )

    def __enter__(self) -> Service:
        until(self.is_ready_or_dead)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()

    def is_ready_or_dead(self) -> bool:
        return self.process.poll() is not None or self.is_ready()

    def is_ready(self) -> bool:
        """Ask whether it answers from its database."""
        return self.get("/api/health/ready") == "ok"

    def get(self, path: str) -> str:
        """Return the `status` that the service answers; empty if it does not."""
        try:
            status, body = self.send("GET", path, timeout=10)
        except OSError:
            return ""
        return json.loads(body)["status"] if status == 200 else ""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float = PATIENCE_SECONDS,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Send JSON on a connection of its own; return status and body of the answer.

        Raises OSError or HTTPException if there is none.
        """
        client = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers["Content-Type"] = "application/json"
        with closing(client):
            client.request(method, path, body and json.dumps(body), headers)
            response = client.getresponse()
            return response.status, response.read()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal to the whole group; return the exit status and the output."""
        os.killpg(self.process.pid, number)
        status = self.process.wait(PATIENCE_SECONDS)
        return status, self.told()

    def told(self) -> str:
        """Return what it has written so far."""
        self.output.seek(0)
        return self.output.read()
