"""Every analytics call against a plain reading of the same rows (`plain_reading`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from analytics.tests.plain_reading import (
    DAY,
    RANGES,
    Block,
    Card,
    Diary,
    Period,
    Refused,
    day_of,
    zone_by_name,
)
from kanban.models import Task
from pomodoro.models import PomodoroSession

pytestmark = pytest.mark.django_db

OF_A_PERIOD = ["productivity", "heatmap", "goal", "hours", "moods", "tasks"]
OF_NO_PERIOD = ["today", "week", "streaks"]

HOUR = timedelta(hours=1)
TICK = timedelta(milliseconds=1)

# A zone, and a local day on which something happens to its clocks; None is today.
PLACES = [
    ("UTC", None),
    ("Asia/Kathmandu", None),
    ("Australia/Lord_Howe", None),
    ("America/St_Johns", None),
    ("Pacific/Kiritimati", None),
    ("Etc/GMT+12", None),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-05"),  # Half an hour back,
    ("Australia/Lord_Howe", "2026-10-04"),  # and on.
    ("America/St_Johns", "2010-11-07"),  # From one past midnight to the day before,
    ("America/St_Johns", "2011-03-13"),  # and on at the same minute.
    ("America/Havana", "2025-03-09"),  # Midnight is skipped,
    ("America/Havana", "2025-11-02"),  # and comes twice.
    ("Atlantic/Azores", "2026-03-29"),
    ("Atlantic/Azores", "2026-10-25"),
    ("Africa/Casablanca", "2026-02-15"),  # Back for Ramadan,
    ("Africa/Casablanca", "2026-03-22"),  # and on.
    ("Africa/Cairo", "2025-04-25"),
    ("Africa/Cairo", "2025-10-31"),
    ("Pacific/Apia", "2011-12-30"),  # The day that never came.
    ("Asia/Kathmandu", "1986-01-01"),  # A quarter of an hour on, for good.
    ("America/Juneau", "1867-10-18"),  # From the Russian calendar's side to ours.
]
moods = st.sampled_from(["focused", "tired", None])
types = st.sampled_from(["focus", "focus", "focus", "shortBreak"])
shifts = st.one_of(
    # Near a midnight, where days are cut.
    st.tuples(
        st.integers(-4, 3),
        st.sampled_from([-HOUR, -TICK, 0 * HOUR, TICK, HOUR / 120, HOUR / 2, HOUR]),
    ).map(lambda drawn: drawn[0] * DAY + drawn[1]),
    # Once on a day of a streak.
    st.integers(-9, 1).map(lambda days: days * DAY + 12 * HOUR),
    st.integers(-370 * 86_400_000, 2 * 86_400_000).map(lambda ms: ms * TICK),
)
blocks = st.tuples(
    shifts, st.integers(0, 86_400), types, moods, st.booleans(), st.integers(-1, 2)
)
cards = st.tuples(
    st.sampled_from(["low", "medium", "high"]), st.integers(1, 9), st.integers(0, 3)
)
days_apart = st.tuples(st.integers(-5, 3), st.integers(0, 6))
periods = st.one_of(
    st.just(("default", None)),
    st.tuples(st.just("range"), st.sampled_from(list(RANGES))),
    st.tuples(st.sampled_from(["days", "since", "until", "instants"]), days_apart),
)


def focused(*at: timedelta) -> list[tuple]:
    return [(shift, 1500, "focus", "tired", True, 0) for shift in at]


def rarely(
    place: str, day: str, *at: timedelta, days: tuple[int, int] = (-1, 3)
) -> example:
    """Return an example that chance seldom finds; `days` as in `days_apart`."""
    return example(
        place=(place, day),
        drawn=focused(*at),
        drawn_cards=[("high", 4, 1)],
        period=("days", days),
        goal=2,
        week_start="sunday",
        at_home=True,
    )


def store(
    alice: User, base: datetime, drawn_blocks: list[tuple], drawn_cards: list[tuple]
) -> tuple[list[Block], list[Card]]:
    """Replace alice's rows by those drawn; return them as a diary has them."""
    PomodoroSession.objects.all().delete()
    Task.objects.all().delete()
    tasks = [
        Task.objects.add(
            user=alice,
            title=f"Task {n}",
            priority=priority,
            estimated_pomodoros=estimated,
            completed_pomodoros=correction,
        )
        for n, (priority, estimated, correction) in enumerate(drawn_cards)
    ]
    sessions, kept = [], []
    for shift, duration, kind, mood, completed, card in drawn_blocks:
        card = card if 0 <= card < len(tasks) else None
        session = PomodoroSession(
            user=alice,
            task=None if card is None else tasks[card],
            type=kind,
            started_at=base + shift,
            duration=duration,
            mood=mood,
            completed=completed,
        )
        sessions.append(session)
        kept.append(
            Block(session.pk, kind, base + shift, duration, mood, completed, card)
        )
    PomodoroSession.objects.bulk_create(sessions)
    return kept, [
        Card(task.pk, task.title, *drawn)
        for task, drawn in zip(tasks, drawn_cards, strict=True)
    ]


def asked(
    kind: str, drawn: Any, middle: date, diary: Diary
) -> tuple[dict[str, str], Period]:
    """Return a query, and the period that it means."""
    zone = diary.zone
    if kind == "default":
        return {}, Period(None, None, zone)
    if kind == "range":
        return {"range": drawn}, diary.last_days(RANGES[drawn])
    first = middle + drawn[0] * DAY
    last = first + drawn[1] * DAY
    if kind == "instants":
        first, last = (datetime.combine(day, time(0, 30), UTC) for day in (first, last))
    period = Period(
        None if kind == "until" else first, None if kind == "since" else last, zone
    )
    bounds = {"from": period.first, "to": period.last}
    return {name: bound.isoformat() for name, bound in bounds.items() if bound}, period


def answer(api: APIClient, call: str, query: dict[str, str]) -> Any:
    response = api.get(f"/api/analytics/{call}", query)
    if response.status_code == 400:
        raise Refused
    assert response.status_code == 200, response.content
    return response.json()


def result_of(read, *args) -> Any:
    try:
        return read(*args)
    except Refused:
        return Refused


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    place=st.sampled_from(PLACES),
    drawn=st.lists(blocks, max_size=14),
    drawn_cards=st.lists(cards, max_size=3),
    period=periods,
    goal=st.integers(1, 3),
    week_start=st.sampled_from(["monday", "sunday"]),
    at_home=st.booleans(),
)
# In the hour before midnight, when it comes again after midnight.
@rarely("America/St_Johns", "2010-11-07", HOUR / 120, HOUR / 2, 2 * HOUR)
@rarely("America/St_Johns", "2010-11-07", HOUR / 2, DAY + 12 * HOUR)
# On the days before and after the one that never came.
@rarely("Pacific/Apia", "2011-12-30", -12 * HOUR, 12 * HOUR)
@rarely("Pacific/Apia", "2011-12-30", 12 * HOUR, days=(0, 0))
@rarely("Australia/Lord_Howe", "2026-04-05", *(n * HOUR / 2 for n in range(7)))
@rarely("Africa/Cairo", "2025-10-31", -HOUR / 2, -HOUR * 3 / 2, 12 * HOUR)
def test_every_call_answers_what_a_plain_reading_does(
    api, alice, place, drawn, drawn_cards, period, goal, week_start, at_home
):
    zone = zone_by_name(place[0])
    now = timezone.now()
    middle = date.fromisoformat(place[1]) if place[1] else day_of(now, zone)
    base = datetime.combine(middle, time(), zone).astimezone(UTC)
    alice.daily_goal, alice.week_start = goal, week_start
    alice.timezone = place[0] if at_home else "Asia/Tokyo"
    alice.save(update_fields=["daily_goal", "week_start", "timezone"])
    rows = store(alice, base, drawn, drawn_cards)
    diary = Diary(*rows, zone, now, goal, week_start)
    query, meant = asked(*period, middle, diary)
    tz = {} if at_home else {"tz": place[0]}

    answers = {call: result_of(answer, api, call, query | tz) for call in OF_A_PERIOD}
    fixed = {call: answer(api, call, tz) for call in OF_NO_PERIOD}
    fixed["distribution"] = answer(api, "distribution", {})
    listed = {one["_id"]: one for one in api.get("/api/sessions").json()}

    if day_of(timezone.now(), zone) != diary.today:
        return  # Midnight came between.
    for call, found in answers.items():
        assert found == result_of(getattr(diary, f"read_{call}"), meant), call
    today = diary.read_today()
    today["sessions"] = [listed[pk] for pk in today["sessions"]]
    assert fixed == {
        "today": today,
        "week": diary.read_week(),
        "streaks": diary.read_streaks(),
        "distribution": diary.read_distribution(),
    }
