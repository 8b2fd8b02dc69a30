"""Fill the database with demo people, one transaction for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import BigIntegerField, Func, Max, Model, TextField, Value
from django.db.models.functions import Cast, Lower
from django.utils import timezone

from accounts.models import User
from focusmaster.db.advisory_locks import AdvisoryLock, advisory_lock
from focusmaster.db.writes import analyze, discard_plans
from kanban.models import Task
from moderation.demo.feedback import feedback
from moderation.demo.people import Person
from moderation.demo.simulation import Life
from moderation.demo.work_logs import work_logs
from moderation.models import Feedback
from pomodoro.badges import award
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

EMAIL = "demo-{}@example.com"
NUMBER_IN_EMAIL = r"^demo-(\d{1,9})@example\.com$"


@dataclass(slots=True)
class Added:
    """What a run has added so far."""

    rows: Counter[type[Model]] = field(default_factory=Counter)
    # Of the person who was busiest during the last week.
    email: str = ""
    most_sessions: int = -1

    @property
    def people(self) -> int:
        return self.rows[User]

    @transaction.atomic
    def add(self, life: Life) -> None:
        """Add a person with all that is theirs, or nothing."""
        user = User.objects.create(**life.person.account())
        added = {
            User: 1,
            Task: Task.objects.add_many(user=user, cards=life.board.tasks()),
            PomodoroSession: PomodoroSession.objects.log_many(
                user_id=user.pk, blocks=life.sessions
            ),
            WorkLog: WorkLog.objects.start_many(user_id=user.pk, logs=work_logs(life)),
            # After the others: chance that it takes changes nobody's life.
            Feedback: len(
                [user.feedback.create(**fields) for fields in feedback(life)]
            ),
        }
        award(user)
        self.rows.update(added)
        if life.sessions_this_week > self.most_sessions:
            self.email, self.most_sessions = user.email, life.sessions_this_week


def add_people(
    number: int, *, days: int, seed: int, password: str, at: datetime | None = None
) -> Iterator[Added]:
    """Add people with up to so many days of work; yield what there is after each.

    Wherever this ends, a person is there with all that is theirs, or not at all. The
    same seed at the same moment makes the same people, but for ids and emails. All have
    the one password, so that it is hashed only once.
    """
    now = (at or timezone.now()).replace(microsecond=0)
    encoded = make_password(password)

    def life_of(index: int) -> Life:
        person = Person.made(
            random=Random(f"{seed}/{index}"),
            email=EMAIL.format(first + index),
            password=encoded,
            days=days,
            at=now,
        )
        return Life(person, now)

    added = Added()
    with numbering() as first:
        for life in ahead(map(life_of, range(number))):
            added.add(life)
            if added.people == 1:
                # Statistics from when the tables were empty would spoil all plans.
                analyze(*added.rows)
            if added.people.bit_count() == 1:
                discard_plans()
            yield added
    analyze(*added.rows)


@contextmanager
def numbering() -> Iterator[int]:
    """Yield the number of the next demo email; another run waits for the end."""
    with advisory_lock(AdvisoryLock.DEMO_EMAILS):
        text = Func(
            Lower("email"),
            Value(NUMBER_IN_EMAIL),
            function="substring",
            output_field=TextField(),
        )
        highest = Max(Cast(text, BigIntegerField()), default=0)
        yield User.objects.aggregate(highest=highest)["highest"] + 1


def ahead(lives: Iterator[Life]) -> Iterator[Life]:
    """Make the next life in a thread while the server is busy with this one."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, lives, None)
        while life := coming.result():
            coming = thread.submit(next, lives, None)
            yield life
