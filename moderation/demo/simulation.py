"""A demo person's life: focus, breaks and moods, one working day after the other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from focusmaster.db.fields import new_object_id
from moderation.demo.board import Board, Card
from moderation.demo.people import FIRST_MINUTES, Person, local_instant
from pomodoro.models import PomodoroSession

# The fields of a session.
Session = dict[str, Any]

FOCUS, SHORT_BREAK, LONG_BREAK = PomodoroSession.Type.values
# The more often a mood is here, the more often it is picked.
GOOD_MOODS = ("focused", "focused", "good", "good", "great", "happy", "neutral")
LATE_MOODS = ("tired", "tired", "neutral", "good", "focused")
BAD_MOODS = ("distracted", "distracted", "tired", "sad", "neutral")
BREAK_MOODS = ("happy", "good", "good", "neutral", "tired")

# A day of at least as many focus sessions has a long pause, and its later ones tire.
LONG_DAY = 6
WEEK = timedelta(days=7)


class NotYet(Exception):
    """What comes next has not happened yet."""


class Life:
    """What one person has done between joining and now.

    `clock` is the moment up to which it has been told. It only moves forward, so that
    sessions never overlap, and never past `now`.
    """

    def __init__(self, person: Person, now: datetime) -> None:
        self.person = person
        self.random = person.random
        self.now = now
        self.clock = person.created_at + timedelta(minutes=FIRST_MINUTES)
        self.board = Board(person)
        self.sessions: list[Session] = []
        self.sessions_this_week = 0
        for day, blocks in person.working_days(now):
            try:
                self._spend(day, blocks)
            except NotYet:
                break
        self.board.settle(self.clock)

    def _spend(self, day: date, blocks: int) -> None:
        """Live through one day of as many focus sessions, or the part that is over."""
        self._begin(day)
        pause_after = blocks // 2 if blocks >= LONG_DAY else 0
        since_long_break = 0
        for block in range(1, blocks + 1):
            since_long_break += self._focus(is_late=block > LONG_DAY)
            self._pass(self.random.uniform(2, 60))
            if block == pause_after:
                self._pass(60 * self.random.uniform(35, 75))
                since_long_break = 0
            elif since_long_break >= self.person.timer.interval:
                self._rest(LONG_BREAK, self.person.timer.long_break)
                since_long_break = 0
            elif block < blocks and self.random.random() < 0.92:
                self._rest(SHORT_BREAK, self.person.timer.short_break)

    def _begin(self, day: date) -> None:
        morning = local_instant(day, self.person.day_starts, self.person.zone)
        morning += timedelta(minutes=self.random.gauss(0, 20))
        before = self.clock
        self._pass(max(0, (morning - before).total_seconds()))
        self.board.plan(since=before, until=self.clock)

    def _focus(self, *, is_late: bool) -> bool:
        """Work for one block; return whether it was completed."""
        random = self.random
        seconds = self.person.timer.focus * 60
        chance = random.random()
        completed = chance > 0.06
        if not completed:
            seconds = int(seconds * random.uniform(0.1, 0.9))
        paused = random.uniform(30, 600) if chance > 0.96 else 0
        mood = None
        if random.random() < self.person.openness:
            moods = LATE_MOODS if is_late else GOOD_MOODS
            mood = random.choice(moods if completed else BAD_MOODS)
        card = self.board.pick(self.clock)
        self._log(FOCUS, seconds, mood, completed=completed, card=card, paused=paused)
        if card and completed:
            self.board.work_on(card, until=self.clock)
        return completed

    def _rest(self, kind: str, length: int) -> None:
        """Take a break of as many minutes, or cut it short."""
        random = self.random
        seconds = length * 60
        completed = random.random() > 0.1
        if not completed:
            seconds = int(seconds * random.uniform(0.2, 0.9))
        mood = random.choice(BREAK_MOODS) if random.random() < 0.25 else None
        self._log(kind, seconds, mood, completed=completed)
        self._pass(random.uniform(2, 180))

    def _log(
        self,
        kind: str,
        seconds: int,
        mood: str | None,
        *,
        completed: bool,
        card: Card | None = None,
        paused: float = 0,
    ) -> None:
        """Write down a session that begins now; `paused` seconds of it do not count."""
        started_at = self.clock
        inexact = 0.9 * self.random.random()  # As timers are.
        self._pass(seconds + paused + inexact)
        self.sessions_this_week += self.now - started_at < WEEK
        self.sessions.append(
            {
                "id": new_object_id(self.clock),
                "task_id": card.id if card else None,
                "type": kind,
                "started_at": started_at,
                "ended_at": self.clock,
                "duration": seconds,
                "mood": mood,
                "completed": completed,
                "at": self.clock,
            }
        )

    def _pass(self, seconds: float) -> None:
        """Let time go by, or raise NotYet and leave the clock where it is."""
        clock = self.clock + timedelta(seconds=seconds)
        if clock > self.now:
            raise NotYet
        self.clock = clock
