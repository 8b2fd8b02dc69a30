"""Fill the database with demo people, in batches that each stand on their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import BigIntegerField, Func, Max, TextField, Value
from django.db.models.functions import Cast, Lower
from django.utils import timezone

from accounts.models import User
from focusmaster.db.advisory_locks import AdvisoryLock
from moderation.demo.board import TASKS
from moderation.demo.feedback import FEEDBACK, feedback
from moderation.demo.people import USERS, Person
from moderation.demo.simulation import SESSIONS, Life
from moderation.demo.tables import Table
from moderation.demo.work_logs import WORK_LOGS, work_logs
from pomodoro.badges import award

# What is loaded, in this order: a table comes after those that its rows refer to.
ROWS: dict[Table, Callable[[Life], Iterable[tuple]]] = {
    USERS: lambda life: [life.person.row()],
    TASKS: lambda life: life.board.rows(),
    SESSIONS: lambda life: life.sessions,
    WORK_LOGS: work_logs,
    # After the others: chance that it takes changes nobody's life.
    FEEDBACK: feedback,
}

# Rows of all tables in one transaction: many enough for COPY to be fast, and few
# enough to hold in memory.
ROWS_PER_BATCH = 20_000

EMAIL = "demo-{}@example.com"
NUMBER_IN_EMAIL = r"^demo-(\d{1,9})@example\.com$"


@dataclass(slots=True)
class Batch:
    """Some people, with all that is theirs."""

    rows: dict[Table, list[tuple]] = field(
        default_factory=lambda: {table: [] for table in ROWS}
    )
    busiest: Life | None = None

    def add(self, life: Life) -> None:
        for table, make_rows in ROWS.items():
            self.rows[table] += make_rows(life)
        if (
            self.busiest is None
            or life.sessions_this_week > self.busiest.sessions_this_week
        ):
            self.busiest = life

    def size(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def load(self, *, analyze: bool) -> None:
        """Copy all of it into the database, or nothing."""
        with (
            connection.wrap_database_errors,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            # The server keeps its plans of checking foreign keys, and one made for a
            # small table reads the whole table for each row: let it plan anew.
            cursor.execute("DISCARD PLANS")
            for table, rows in self.rows.items():
                table.copy(cursor, rows)
                if analyze:
                    table.analyze(cursor)
            people = User.objects.filter(
                pk__in=[row[0].hex() for row in self.rows[USERS]]
            )
            for person in people.only("timezone"):
                award(person)


@dataclass(slots=True)
class Added:
    """What a run has added so far."""

    rows: Counter[Table] = field(default_factory=Counter)
    # Of somebody who was busy during the last week.
    email: str = ""

    @property
    def people(self) -> int:
        return self.rows[USERS]

    def count(self, batch: Batch) -> None:
        self.rows.update({table: len(rows) for table, rows in batch.rows.items()})
        self.email = self.email or batch.busiest.person.email


def add_people(
    number: int,
    *,
    days: int,
    seed: int,
    password: str,
    at: datetime | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
) -> Iterator[Added]:
    """Add people with up to so many days of work; tell after each batch what there is.

    A batch is one transaction: wherever this ends, a person is there with all that is
    theirs, or not at all. The same seed at the same moment makes the same people, but
    for ids and emails. All have the one password, so that it is hashed only once.
    """
    now = (at or timezone.now()).replace(microsecond=0)
    encoded = make_password(password)

    def life(index: int) -> Life:
        person = Person.made(
            random=Random(f"{seed}/{index}"),
            email=EMAIL.format(first + index),
            password=encoded,
            days=days,
            at=now,
        )
        return Life(person, now)

    with numbering() as first:
        added = Added()
        lives = map(life, range(number))
        for nth, batch in enumerate(ahead(batches(lives, rows_per_batch)), 1):
            # Statistics from when the tables were empty would spoil the first plans.
            batch.load(analyze=nth == 1)
            added.count(batch)
            yield added
    with connection.cursor() as cursor:
        for table in ROWS:
            table.analyze(cursor)


@contextmanager
def numbering() -> Iterator[int]:
    """Give the number of the next demo email; another run waits until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.DEMO_EMAILS])
    try:
        text = Func(
            Lower("email"),
            Value(NUMBER_IN_EMAIL),
            function="substring",
            output_field=TextField(),
        )
        highest = Max(Cast(text, BigIntegerField()), default=0)
        yield User.objects.aggregate(highest=highest)["highest"] + 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [AdvisoryLock.DEMO_EMAILS])


def batches(lives: Iterable[Life], rows_per_batch: int) -> Iterator[Batch]:
    batch = Batch()
    for life in lives:
        batch.add(life)
        if batch.size() >= rows_per_batch:
            yield batch
            batch = Batch()
    if batch.busiest:
        yield batch


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Make the next batch in a thread while the server is busy with this one."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, batches, None)
        while batch := coming.result():
            coming = thread.submit(next, batches, None)
            yield batch
