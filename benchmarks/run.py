"""A run from the empty folder to the report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.core.management import call_command

from benchmarks import seeding, services
from benchmarks.agreement import check_agreement
from benchmarks.cases import CASES, Case
from benchmarks.load import wrk_program
from benchmarks.measuring import Effort, Measuring
from benchmarks.report import report
from benchmarks.seeding import Person
from benchmarks.services import YARDSTICK_PYTHON, Failure, Service

# How many people's answers are compared.
COMPARED = 3
PEOPLE_AT_ONCE = 50


class Run:
    """One run; `stack` stops at its end what was started, however it ends."""

    def __init__(self, chosen: Namespace, folder: Path, stack: ExitStack) -> None:
        self.chosen = chosen
        self.folder = folder
        self.stack = stack
        self.is_whole = not (chosen.quick or chosen.only)
        self.cases = [case for case in CASES if self.is_chosen(case)]
        effort = Effort(
            people=chosen.people,
            sessions=chosen.sessions,
            workers=chosen.workers,
            connections=chosen.connections,
            seconds=chosen.seconds,
            warm_up=chosen.warm_up,
            rounds=chosen.rounds,
        )
        self.measuring = Measuring(effort, folder)

    def is_chosen(self, case: Case) -> bool:
        words = self.chosen.only
        return not words or any(word in case.name for word in words)

    def text(self) -> str:
        """Measure, and return the report."""
        self.check_tools()
        self.stack.callback(services.leave_database)
        people = self.seeded_people()
        ours = self.service(services.focusmaster)
        if self.is_whole:
            self.measuring.starts(ours, people[0])
        else:
            ours.start(people[0])
        self.measuring.progress("the service is there")
        self.measure_requests(ours, people)
        if self.is_whole:
            self.measuring.flood(ours, people)
            if self.chosen.large:
                rows = round(self.chosen.large * 1_000_000)
                self.measuring.tables(ours, people, rows)
            self.measuring.histories(ours)
        return report(self.measuring.findings, self.cases)

    def check_tools(self) -> None:
        wrk_program()
        if not (self.chosen.alone or YARDSTICK_PYTHON.exists()):
            raise Failure("The yardsticks are not installed: use make bench.")

    def seeded_people(self) -> list[Person]:
        call_command("migrate", interactive=False, verbosity=0)
        people = []
        for first in range(0, self.chosen.people, PEOPLE_AT_ONCE):
            count = min(PEOPLE_AT_ONCE, self.chosen.people - first)
            people += seeding.add_people(first, count, sessions=self.chosen.sessions)
        seeding.settle()
        self.measuring.progress(f"{len(people)} people are there")
        return people

    def measure_requests(self, ours: Service, people: list[Person]) -> None:
        compared = [ours]
        if not self.chosen.alone:
            compared += [self.service(services.fastapi), self.service(services.drf)]
        for yardstick in compared[1:]:
            yardstick.start(people[0])
        check_agreement(self.cases, compared, people[:COMPARED])
        seeding.restore()
        self.measuring.progress("the answers are as they should be")
        self.measuring.requests(self.cases, compared, people)
        for yardstick in compared[1:]:
            yardstick.stop()

    def service(self, kind: Callable[[Path, int], Service]) -> Service:
        service = kind(self.folder / f"{kind.__name__}.log", self.chosen.workers)
        self.stack.callback(service.stop)
        return service
