"""A demo person's tasks, from the idea to done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from focusmaster.db.fields import new_object_id
from kanban.models import Task
from moderation.demo.people import ONE_DAY, Person, local_instant
from moderation.demo.vocabulary import DESCRIPTIONS

TODO, DOING, DONE = Task.Status.values
PRIORITIES = ("high", "medium", "medium", "medium", "low")
ESTIMATES = (1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 12)
# Tasks that a person has in progress at the same time.
MOST_AT_ONCE = 3


@dataclass(slots=True)
class Card:
    id: str
    title: str
    description: str
    priority: str
    tags: list[str]
    category: str
    estimate: int
    # Focus sessions that it takes until it is done.
    left: int
    deadline: datetime | None
    due_date: datetime | None
    created_at: datetime
    updated_at: datetime


class Board:
    """A person's three columns, each a list of cards from the bottom to the top."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.random = person.random
        self.columns: dict[str, list[Card]] = {TODO: [], DOING: [], DONE: []}
        # How many cards they like to have before them, after a while.
        self.room = self.random.randint(5, 14)
        at = person.created_at + timedelta(minutes=self.random.uniform(1, 4))
        self.add(at, self.random.randint(3, 5))
        at += timedelta(minutes=self.random.uniform(1, 4))
        self.finish(TODO, self.random.choice(self.columns[TODO]), at)

    def add(self, at: datetime, count: int = 1) -> None:
        self.columns[TODO] += [self._new_card(at) for _ in range(count)]

    def plan(self, since: datetime, until: datetime) -> None:
        """Begin a day: note what came up, tick off what was small.

        That happens before `until`, and after `since`, when they last did something.
        """
        at = until - min(until - since, timedelta(minutes=self.random.uniform(1, 20)))
        missing = max(0, self.room - len(self.columns[TODO]))
        self.add(at, self.random.randint(missing // 2, missing))
        if self.columns[TODO] and self.random.random() < 0.25:
            smallest = min(self.columns[TODO], key=lambda card: card.estimate)
            self.finish(TODO, smallest, at)

    def pick(self, at: datetime) -> Card | None:
        """Choose what to work on; None is for work that is on no card."""
        chance = self.random.random()
        doing = self.columns[DOING]
        if chance < 0.12:
            return None
        if not doing or (chance < 0.2 and len(doing) < MOST_AT_ONCE):
            self.begin(at)
        return doing[-1] if chance < 0.8 else self.random.choice(doing)

    def begin(self, at: datetime) -> None:
        """Take the most important card, the oldest of these, into progress."""
        todo = self.columns[TODO]
        if not todo:
            self.add(at)
        card = min(todo, key=lambda card: PRIORITIES.index(card.priority))
        todo.remove(card)
        card.updated_at = at
        self.columns[DOING].append(card)

    def work_on(self, card: Card, until: datetime) -> None:
        """Count a completed focus session; the last one needed finishes the card."""
        card.left -= 1
        if card.left <= 0:
            self.finish(DOING, card, until)

    def finish(self, column: str, card: Card, at: datetime) -> None:
        self.columns[column].remove(card)
        card.updated_at = at
        self.columns[DONE].append(card)

    def settle(self, at: datetime) -> None:
        """Leave something to see in every column."""
        if not self.columns[DOING]:
            self.begin(at)
        self.add(at, max(0, 4 - len(self.columns[TODO])))

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Yield the fields of each card, a column from the bottom to the top."""
        for status, cards in self.columns.items():
            for card in cards:
                yield {
                    "id": card.id,
                    "status": status,
                    "title": card.title,
                    "description": card.description,
                    "priority": card.priority,
                    "tags": card.tags,
                    "category": card.category,
                    "estimated_pomodoros": card.estimate,
                    "deadline": card.deadline,
                    "due_date": card.due_date,
                    "is_all_day": card.due_date is not None,
                    "created_at": card.created_at,
                    "updated_at": card.updated_at,
                }

    def _new_card(self, at: datetime) -> Card:
        random = self.random
        main, *others = self.person.subjects
        subject = main if random.random() < 0.65 else random.choice(others)
        estimate = random.choice(ESTIMATES)
        deadline, due_date = self._new_dates(at)
        return Card(
            id=new_object_id(at),
            title=f"{random.choice(subject.verbs)} {random.choice(subject.objects)}",
            description=random.choice(DESCRIPTIONS) if random.random() < 0.4 else "",
            priority=random.choice(PRIORITIES),
            tags=random.sample(subject.tags, random.choice((0, 1, 1, 2, 3))),
            category=subject.category,
            estimate=estimate,
            left=max(1, round(estimate * random.uniform(0.6, 1.7))),
            deadline=deadline,
            due_date=due_date,
            created_at=at,
            updated_at=at,
        )

    def _new_dates(self, at: datetime) -> tuple[datetime | None, datetime | None]:
        """Make up a deadline or a due date within three weeks, or neither."""
        random, zone = self.random, self.person.zone
        chance = random.random()
        day = at.astimezone(zone).date() + ONE_DAY * random.randint(1, 21)
        if chance < 0.3:
            return local_instant(day, random.choice((12, 17, 18)), zone), None
        if chance < 0.5:
            return None, datetime.combine(day, time(), UTC)
        return None, None
