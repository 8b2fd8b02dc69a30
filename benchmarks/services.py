"""The service and the yardsticks, each with its processes."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, connections

from benchmarks.processes import memory_of, parent_of, tree

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.seeding import Person

ROOT = Path(__file__).resolve().parent.parent
YARDSTICK_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 15
ANSWER_SECONDS = 30
PR_SET_PDEATHSIG = 1


OURS, FASTAPI, DRF = "FocusMaster", "FastAPI", "DRF"


class Failure(Exception):
    """Why the run ends, in a line for the person at the terminal."""


@dataclass(frozen=True)
class MemoryOfService:
    """Of each worker and of all processes, in MB; what they share is divided."""

    workers: list[float]
    whole: float


@dataclass
class Service:
    """A server with its workers, which listens on a port of its own."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen | None = None

    def start(self, person: Person) -> float:
        """Start it; return the seconds until it answered a request of this person."""
        started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [part.format(port=self.port) for part in self.command],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The terminal's Ctrl-C is for us alone: we stop what we started.
                start_new_session=True,
                preexec_fn=stop_when_parent_dies,
            )
        while not self._answers(person):
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at its start:\n{self.tail()}")
            if time.monotonic() - started > START_SECONDS:
                raise Failure(f"{self.name} does not answer:\n{self.tail()}")
            time.sleep(0.01)
        return time.monotonic() - started

    def _answers(self, person: Person) -> bool:
        try:
            return self.send("GET", "/api/auth/me", person.token)[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        """Stop all its processes; a yardstick's workers may need to be killed."""
        if self.process is None:
            return
        pids = tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in pids:
                kill(pid)
            self.process.wait()
        self.process = None

    def workers(self, count: int) -> list[int]:
        """Return its worker processes: those of its children with the most memory."""
        children = tree(self.process.pid)[1:]
        return sorted(children, key=lambda pid: -memory_of(pid).share)[:count]

    def memory(self, workers: int) -> MemoryOfService:
        return MemoryOfService(
            workers=[memory_of(pid).share for pid in self.workers(workers)],
            whole=sum(memory_of(pid).share for pid in tree(self.process.pid)),
        )

    def send(
        self, method: str, path: str, token: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; return status and body."""
        client = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            client.request(method, path, body, headers)
            response = client.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as exc:
            raise ConnectionError(f"{self.name}: {exc!r}") from exc
        finally:
            client.close()

    def send_case(self, case: Case, person: Person) -> tuple[int, bytes]:
        path, body = case.request_of(person, person.tasks[0])
        return self.send(case.method, path, person.token, body)

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def focusmaster(log: Path, workers: int) -> Service:
    """The service as its users start it, but for limits that no load reaches."""
    serve = [sys.executable, "manage.py", "serve", "--host", HOST, "--port", "{port}"]
    limits = dict.fromkeys(("RATE_LIMIT_GUEST", "RATE_LIMIT_USER"), "999999999/h")
    return Service(OURS, [*serve, "--workers", str(workers)], log, limits)


def fastapi(log: Path, workers: int) -> Service:
    uvicorn = [str(YARDSTICK_PYTHON), "-m", "uvicorn", "--host", HOST]
    how = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    size = ["--port", "{port}", "--workers", str(workers)]
    app = "benchmarks.yardstick_fastapi:app"
    return Service(FASTAPI, [*uvicorn, *how, *size, app], log, database())


def drf(log: Path, workers: int) -> Service:
    """Plain DRF on the same server as ours, with as many workers and threads."""
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST]
    size = ["--port", "{port}", "--workers", str(workers)]
    threads = ["--blocking-threads", str(settings.WEB_THREADS)]
    app = "benchmarks.yardstick_drf.wsgi:application"
    environment = database() | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.yardstick_drf.settings",
        "PYTHONPATH": str(ROOT),
    }
    return Service(DRF, [*granian, *size, *threads, app], log, environment)


def database() -> dict[str, str]:
    """Return what a yardstick has to know of our database, as variables."""
    return {
        "BENCH_SECRET_KEY": str(settings.SECRET_KEY),
        "BENCH_DATABASE_HOST": str(connection.settings_dict["HOST"]),
        "BENCH_DATABASE_PORT": str(connection.settings_dict["PORT"]),
        "BENCH_DATABASE_USER": connection.settings_dict["USER"],
        "BENCH_DATABASE_NAME": connection.settings_dict["NAME"],
    }


def database_processes() -> list[int]:
    """Return PostgreSQL's processes: all that descend from our backend's parent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return tree(parent_of(backend))


def leave_database() -> None:
    """Let the embedded server stop as soon as nobody else uses it, and wait for it."""
    connections.close_all()
    connection.embedded.leave()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def stop_when_parent_dies() -> None:
    """Have Linux stop the process if we are killed and cannot."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
