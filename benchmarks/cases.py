"""The requests that are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from benchmarks.seeding import PASSWORD, POSTED_AT, Person

# Tasks of each person that requests name in turn.
TASKS_NAMED = 10

Body = Callable[[Person, str], dict[str, Any]]


@dataclass(frozen=True)
class Goals:
    """The least ratio of our requests a second to those of each yardstick."""

    fastapi: float
    drf: float


READS = Goals(fastapi=1.0, drf=5.0)
OTHERS = Goals(fastapi=0.7, drf=2.0)


@dataclass(frozen=True)
class Case:
    """One request, sent by each person in turn.

    `{task}` in the path is the id of a task of theirs, and `body` is called with the
    person and that id. `own` names what differs between two equal answers.
    """

    method: str
    path: str
    body: Body | None = None
    status: int = 200
    own: tuple[str, ...] = ()
    goals: Goals | None = None
    # False for what the yardsticks do not have.
    compared: bool = True
    # How many people take turns, and on how many connections; None for the run's own.
    people: int | None = None
    connections: int | None = None

    @property
    def name(self) -> str:
        name = f"{self.method} {self.path.removeprefix('/api')}"
        if self.people is None:
            return name
        return f"{name}, one person on {self.connections}"

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    def request_of(self, person: Person, task: str) -> tuple[str, bytes | None]:
        """Return the path and the body that the person sends."""
        body = orjson.dumps(self.body(person, task)) if self.body else None
        return self.path.format(task=task), body

    def requests(self, people: list[Person]) -> Iterator[bytes]:
        """Yield the requests as they go over the wire, the people taking turns."""
        for number in range(TASKS_NAMED):
            for person in people[: self.people]:
                yield self._wire(person, person.tasks[number % len(person.tasks)])

    def _wire(self, person: Person, task: str) -> bytes:
        path, body = self.request_of(person, task)
        lines = [
            f"{self.method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {person.token}",
        ]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def new_session(person: Person, task: str) -> dict[str, Any]:
    """Return a block as the web client posts it at its end: the mood comes later."""
    return {
        "type": "focus",
        "startTime": POSTED_AT.isoformat(),
        "endTime": POSTED_AT.replace(minute=25).isoformat(),
        "duration": 1500,
        "task": task,
    }


def task_change(person: Person, task: str) -> dict[str, Any]:
    return {"title": "Write the report", "priority": "high", "description": "Briefly"}


def credentials(person: Person, task: str) -> dict[str, Any]:
    return {"email": person.email, "password": PASSWORD}


ME = Case("GET", "/api/auth/me", goals=OTHERS)
WEEK = Case("GET", "/api/sessions?range=week", goals=READS)
STATS = Case("GET", "/api/sessions/stats", goals=OTHERS)
MONTH = Case("GET", "/api/analytics/productivity?range=month", goals=READS)
LOGIN = Case("POST", "/api/auth/login", credentials, own=("token",))

POST = Case(
    "POST",
    "/api/sessions",
    new_session,
    status=201,
    own=("_id", "createdAt", "updatedAt"),
    goals=OTHERS,
)
PUT = Case("PUT", "/api/tasks/{task}", task_change, own=("updatedAt",), goals=OTHERS)


def of_one_person(case: Case, connections: int) -> Case:
    return replace(case, goals=None, people=1, connections=connections)


CASES = [
    ME,
    Case("GET", "/api/tasks", goals=READS),
    WEEK,
    STATS,
    MONTH,
    POST,
    PUT,
    *(of_one_person(case, count) for count in (1, 8) for case in (POST, PUT)),
    LOGIN,
]
