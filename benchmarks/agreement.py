"""The yardsticks do the same work as the service: equal answers, equal rows.

A yardstick that left something out would be a wrong one, so this comes before any
measurement.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from benchmarks.services import Failure
from focusmaster.dates.rfc3339 import INSTANT

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.seeding import Person
    from benchmarks.services import Service

# What a write may change: rows, and what the triggers keep.
STATE = """
SELECT
    (SELECT count(*) FROM pomodoro_pomodorosession WHERE user_id = %(user)s),
    (SELECT points FROM accounts_progress WHERE user_id = %(user)s),
    (SELECT sum(completed_pomodoros) FROM kanban_task WHERE user_id = %(user)s),
    (SELECT count(*) FROM kanban_task WHERE user_id = %(user)s AND updated_at > %(at)s)
"""


def check_agreement(
    cases: list[Case], services: list[Service], people: list[Person]
) -> None:
    """Raise Failure unless all services answer and write alike, for each person."""
    for case in cases:
        for person in people:
            ours, *others = (
                answer_of(service, case, person)
                for service in services
                if case.compared or service is services[0]
            )
            for service, theirs in zip(services[1:], others, strict=False):
                if difference := first_difference(ours, theirs):
                    raise Failure(
                        f"{case.name}: {service.name} does not agree with "
                        f"{services[0].name}: {difference}"
                    )


def answer_of(service: Service, case: Case, person: Person) -> dict[str, Any]:
    """Return the answer, without what is its own, and what it changed in the rows."""
    before, at = state_of(person), datetime.now().astimezone()
    status, body = service.send_case(case, person)
    if status != case.status:
        raise Failure(f"{service.name}, {case.name}: {status} {body[:500]!r}")
    content = orjson.loads(body)
    if isinstance(content, dict):
        content = {
            name: "its own" if name in case.own else value
            for name, value in content.items()
        }
    after = state_of(person, at)
    changes = [new - old for old, new in zip(before, after, strict=True)]
    return {"answer": content, "rows changed": changes}


def state_of(person: Person, at: datetime | None = None) -> list[int]:
    values = {"user": bytes.fromhex(person.id), "at": at or datetime.now().astimezone()}
    with connection.cursor() as cursor:
        cursor.execute(STATE, values)
        return list(cursor.fetchone())


def first_difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """Say where two JSON values differ; the same instant may be written otherwise."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if ours.keys() != theirs.keys():
            return f"{path}: other names: {sorted(ours.keys() ^ theirs.keys())}"
        pairs = [(f"{path}.{name}", ours[name], theirs[name]) for name in ours]
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return f"{path}: {len(ours)} and {len(theirs)} entries"
        pairs = [
            (f"{path}[{n}]", *pair)
            for n, pair in enumerate(zip(ours, theirs, strict=True))
        ]
    else:
        # JSON has one kind of number; Python would take true for one.
        flags = isinstance(ours, bool), isinstance(theirs, bool)
        same = flags[0] == flags[1] and plain(ours) == plain(theirs)
        return None if same else f"{path}: {ours!r} and {theirs!r}"
    found = (first_difference(a, b, place) for place, a, b in pairs)
    return next((difference for difference in found if difference), None)


def plain(value: Any) -> Any:
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
