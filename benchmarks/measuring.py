"""The parts of a run, each with what it found."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import cases, seeding
from benchmarks.load import Load, Point, middle
from benchmarks.processes import memory_of, reset_peak
from benchmarks.seeding import Person
from benchmarks.services import (
    Failure,
    MemoryOfService,
    Service,
    leave_database,
)

STARTS = 3
# Enough single connections that each worker gets some of them.
FIRST_REQUESTS = 40
HISTORIES = [1_000, 10_000, 100_000]
GROWTH_CASES = [cases.STATS, cases.MONTH, cases.WEEK]
# Numbers of the people added for growth, far from those of the ordinary ones.
FIRST_WITH_HISTORY = 1_000_000
FIRST_STRANGER = 2_000_000
SESSIONS_OF_A_STRANGER = 5_000
STRANGERS_AT_ONCE = 100
# With its indexes and the log that PostgreSQL keeps of its making, generously.
BYTES_OF_A_SESSION = 1_000


@dataclass(frozen=True)
class Effort:
    """How much is measured: load, repetitions, and how many rows there are."""

    people: int
    sessions: int
    workers: int
    connections: int
    seconds: int
    # Unmeasured, before each measurement.
    warm_up: int
    rounds: int


@dataclass
class Findings:
    """What a run found; what was not measured stays empty."""

    effort: Effort
    points: dict[str, dict[str, list[Point]]] = field(default_factory=dict)
    start_seconds: list[float] = field(default_factory=list)
    # After the first requests, and after the load.
    idle_memory: MemoryOfService | None = None
    loaded_memory: MemoryOfService | None = None
    # Of the login flood: `me` alone, `me` meanwhile, logins a second, peaks in MB.
    me_alone: Point | None = None
    me_in_flood: Point | None = None
    flood_rate: float = 0
    flood_peaks: list[float] = field(default_factory=list)
    # By number of rows, then by case: the latency of single requests.
    histories: dict[int, dict[str, Point]] = field(default_factory=dict)
    tables: dict[int, dict[str, Point]] = field(default_factory=dict)


class Measuring:
    """The parts of a run; each adds to the findings."""

    def __init__(self, effort: Effort, folder: Path) -> None:
        self.findings = Findings(effort)
        self.effort = effort
        self.folder = folder
        self.started = time.monotonic()

    def starts(self, service: Service, person: Person) -> None:
        """Start the service on its data as a user does, the database included.

        The last start stays, with memory as it is after the first requests.
        """
        for number in range(STARTS):
            if number:
                service.stop()
            leave_database()
            self.findings.start_seconds.append(service.start(person))
        for _ in range(FIRST_REQUESTS):
            service.send_case(cases.ME, person)
        self.findings.idle_memory = service.memory(self.effort.workers)

    def requests(
        self, chosen: list[cases.Case], services: list[Service], people: list[Person]
    ) -> None:
        """Measure each case on the services in turn, round by round.

        The turns are short: what changes on the machine hits all services alike.
        """
        for case in chosen:
            load = Load(case, people, self.folder)
            found = self.findings.points.setdefault(case.name, {})
            connections = case.connections or self.effort.connections
            effort = replace(self.effort, connections=connections)
            for service in (services if case.compared else services[:1]) * (
                self.effort.rounds
            ):
                point = load.measure_warm(service, effort)
                found.setdefault(service.name, []).append(point)
                if case.is_write:
                    seeding.restore()
            rates = [f"{name} {middle(p).rate:.0f}" for name, p in found.items()]
            self.progress(f"{case.name}: {', '.join(rates)} requests a second")
        self.findings.loaded_memory = services[0].memory(self.effort.workers)

    def flood(self, service: Service, people: list[Person]) -> None:
        """Measure `me` of half the people alone, and while the others all sign in."""
        half = len(people) // 2
        me = Load(cases.ME, people[:half], self.folder)
        flood = Load(cases.LOGIN, people[half:], self.folder)
        self.findings.me_alone = me.measure_warm(service, self.effort)
        workers = service.workers(self.effort.workers)
        for pid in workers:
            reset_peak(pid)
        lasting = replace(self.effort, seconds=self.effort.seconds + 2)
        with flood.start(service, lasting) as flooding:
            try:
                time.sleep(1)
                self.findings.me_in_flood = me.measure(service, self.effort)
                said, _ = flooding.communicate()
            finally:
                flooding.kill()
        found = flood.read(service, said)
        self.findings.flood_rate = found["requests"] / found["seconds"]
        self.findings.flood_peaks = [memory_of(pid).peak for pid in workers]
        seeding.restore()
        self.progress("login flood: measured")

    def histories(self, service: Service) -> None:
        """Measure single requests of people with longer and longer histories."""
        for number, count in enumerate(HISTORIES):
            person = seeding.add_people(FIRST_WITH_HISTORY + number, 1, sessions=count)
            seeding.settle()
            self.findings.histories[count] = self.single_requests(service, person)
            self.progress(f"history of {count:,} sessions: measured")

    def tables(self, service: Service, people: list[Person], rows: int) -> None:
        """Measure single requests of ordinary people, now and in a table of `rows`."""
        if shutil.disk_usage(self.folder).free < rows * BYTES_OF_A_SESSION:
            raise Failure(f"{self.folder} has too little space for {rows:,} sessions.")
        at_first = self.effort.people * self.effort.sessions
        self.findings.tables[at_first] = self.single_requests(service, people)
        strangers = (rows - at_first) // SESSIONS_OF_A_STRANGER
        for first in range(0, strangers, STRANGERS_AT_ONCE):
            count = min(STRANGERS_AT_ONCE, strangers - first)
            seeding.add_people(
                FIRST_STRANGER + first, count, sessions=SESSIONS_OF_A_STRANGER
            )
            self.progress(f"{first + count:,} of {strangers:,} other people are there")
        seeding.settle()
        self.findings.tables[rows] = self.single_requests(service, people)
        self.progress(f"table of {rows:,} sessions: measured")

    def single_requests(
        self, service: Service, people: list[Person]
    ) -> dict[str, Point]:
        """Measure one request at a time."""
        single = replace(self.effort, connections=1)
        loads = [Load(case, people, self.folder) for case in GROWTH_CASES]
        return {load.case.name: load.measure_warm(service, single) for load in loads}

    def progress(self, message: str) -> None:
        seconds = time.monotonic() - self.started
        sys.stderr.write(f"{seconds:5.0f} s  {message}\n")
