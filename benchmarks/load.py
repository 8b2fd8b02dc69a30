"""Load from wrk, and what a request costs under it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_seconds, machine_busy_seconds, tree
from benchmarks.services import HOST, Failure, database_processes

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.measuring import Effort
    from benchmarks.seeding import Person
    from benchmarks.services import Service

SCRIPT = Path(__file__).with_name("requests.lua")
TIMEOUT_SECONDS = 20
# What wrk leaves unanswered at its end is done by then; sign-ins would be too many.
SETTLE_SECONDS = 1


@dataclass(frozen=True)
class Point:
    """What one run of wrk found; latencies in milliseconds.

    `p50` and `p99` are wrk's: where an answer takes longer than usual, wrk counts the
    requests that it held up as slow ones too.
    """

    rate: float
    p50: float
    p99: float
    # CPU time for one request, and the part of it that PostgreSQL took.
    cpu_ms: float
    database_ms: float
    # The part of the machine that other programs took meanwhile.
    disturbance: float


def middle(points: list[Point]) -> Point:
    """Return the median of each figure."""
    return Point(
        **{
            figure.name: median(getattr(point, figure.name) for point in points)
            for figure in fields(Point)
        }
    )


class Load:
    """One case as a load: its requests in a file for wrk."""

    def __init__(self, case: Case, people: list[Person], folder: Path) -> None:
        self.case = case
        self.file = folder / f"requests-{os.urandom(4).hex()}"
        with open(self.file, "wb") as file:
            for request in case.requests(people):
                file.write(b"%d\n%b" % (len(request), request))

    def measure_warm(self, service: Service, effort: Effort) -> Point:
        """Measure when caches and prepared statements are there."""
        if effort.warm_up:
            self.measure(service, replace(effort, seconds=effort.warm_up))
        time.sleep(SETTLE_SECONDS)
        return self.measure(service, effort)

    def measure(self, service: Service, effort: Effort) -> Point:
        """Put the load on; raise Failure unless every request was answered well."""
        clock = CpuClock(service)
        said = subprocess.run(
            self.command(service, effort),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=effort.seconds + 2 * TIMEOUT_SECONDS,
        ).stdout
        found = self.read(service, said)
        served, database, others = clock.read()
        return Point(
            rate=found["requests"] / found["seconds"],
            p50=found["p50"],
            p99=found["p99"],
            cpu_ms=(served + database) * 1000 / found["requests"],
            database_ms=database * 1000 / found["requests"],
            disturbance=others / (os.cpu_count() * found["seconds"]),
        )

    def start(self, service: Service, effort: Effort) -> subprocess.Popen:
        """Put the load on in the background; `read` what it prints at its end."""
        return subprocess.Popen(
            self.command(service, effort),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, service: Service, effort: Effort) -> list[str]:
        return [
            wrk_program(),
            "--threads=1",
            f"--connections={effort.connections}",
            f"--duration={effort.seconds}s",
            f"--timeout={TIMEOUT_SECONDS}s",
            f"--script={SCRIPT}",
            f"http://{HOST}:{service.port}",
            str(self.file),
        ]

    def read(self, service: Service, said: str) -> dict[str, float]:
        """Return wrk's figures, or raise Failure if an answer was not a good one."""
        last_line = said.strip().rpartition("\n")[2]
        if not last_line.startswith("{"):
            raise Failure(f"wrk failed:\n{said}")
        found = json.loads(last_line)
        for problem in ("refused", "broken"):
            if found[problem]:
                raise Failure(
                    f"{service.name}, {self.case.name}: {found[problem]} of "
                    f"{found['requests']} requests were {problem}.\n{service.tail(3)}"
                )
        if not found["requests"]:
            raise Failure(f"{service.name}, {self.case.name}: nothing was answered.")
        return found


class CpuClock:
    """CPU seconds since it was made: a service's, PostgreSQL's, other programs'."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.start = self._now()

    def read(self) -> tuple[float, float, float]:
        served, database, busy, own = self._now()
        before_served, before_database, before_busy, before_own = self.start
        used = since(served, before_served), since(database, before_database)
        others = busy - before_busy - sum(used) - (own - before_own)
        return *used, max(0, others)

    def _now(self) -> tuple[dict[int, float], dict[int, float], float, float]:
        return (
            cpu_seconds(tree(self.service.process.pid)),
            cpu_seconds(database_processes()),
            machine_busy_seconds(),
            # Of this process, and of the wrk runs that have ended.
            sum(os.times()[:4]),
        )


def since(now: dict[int, float], before: dict[int, float]) -> float:
    """Return the CPU time added; a process that is new began with none."""
    return sum(seconds - before.get(pid, 0) for pid, seconds in now.items())


def wrk_program() -> str:
    path = shutil.which("wrk")
    if path is None:
        raise Failure("wrk is not installed: apt-get install wrk")
    return path
