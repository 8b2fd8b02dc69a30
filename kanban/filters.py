"""Filters, search and orders of the list of tasks (API.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Least
from django.utils import timezone

from focusmaster.dates.periods import DAY_LENGTH, local_day, local_midnight, zone_of
from focusmaster.db.folded_text import ContainsAll
from focusmaster.db.json_rows import SortExpression
from focusmaster.exceptions import InvalidValue
from focusmaster.text import InvalidText, clean_text
from kanban.models import Task

if TYPE_CHECKING:
    from accounts.models import User

NEWEST = ("-created_at", "-id")
ORDERS = {
    "position": ("position", "id"),
    "deadline": ("deadline", "id"),
    "priority": ("rank_of_priority", "id"),
    "createdAt": ("created_at", "id"),
}

# Days from today on that `due=week` means, today included.
WEEK = 7
MAX_SEARCH = 200

DUE = Least("deadline", "due_date")
# What is due at midnight UTC is due on a day, which is the person's local day in any
# zone; all else is due at an instant. A client may also send the instant at which the
# person's day begins: with `isAllDay` that day counts.
ON_A_DAY = Q(
    Func(
        DUE,
        template="(%(expressions)s AT TIME ZONE 'UTC')::time = '00:00'",
        output_field=models.BooleanField(),
    )
)


def matches(words: Any) -> Q:
    return Q(ContainsAll(F("search_text"), words))


def is_overdue(today: Any, start: Any, now: Any) -> Q:
    """Keep tasks that were due on a day before today, or at an instant before now."""
    at_an_instant = due("<", start) | (Q(is_all_day=False) & due("<", now))
    return ~Q(status="done") & (
        (ON_A_DAY & due("<", today)) | (~ON_A_DAY & at_an_instant)
    )


def is_due(today: Any, day_after: Any, start: Any, end: Any) -> Q:
    """Keep tasks that are due on the days from today, or at an instant within them."""
    on_a_day = ON_A_DAY & due(">=", today) & due("<", day_after)
    return on_a_day | (~ON_A_DAY & due(">=", start) & due("<", end))


class Compared(Func):
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


def due(direction: str, instant: Any) -> Q:
    """Return the condition that the task is due on one side of an instant."""
    return Q(Compared(DUE, instant, arg_joiner=f" {direction} "))


NAMED_FILTERS: dict[str, Callable[..., models.Q]] = {
    "matches": matches,
    "is_overdue": is_overdue,
    "is_due": is_due,
}


SORT_EXPRESSIONS: dict[str, SortExpression] = {
    "rank_of_priority": Func(
        F("priority"),
        template="array_position('{low,medium,high}'::varchar[], %(expressions)s)",
        output_field=models.IntegerField(),
    ),
}


def order_in(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the order that the query string asks for; else newest."""
    if "sort" not in query:
        return NEWEST
    name = query["sort"].removeprefix("-")
    if name not in ORDERS:
        names = ", ".join(ORDERS)
        raise InvalidValue("sort", f"give one of: {names}; with - before it, reversed")
    if query["sort"] == name:
        return ORDERS[name]
    return tuple(f"-{key}" for key in ORDERS[name])


def lookups_in(query: Mapping[str, str], user: User) -> dict[str, Any]:
    """Return the lookups that the query string means; raises InvalidValue."""
    lookups: dict[str, Any] = {}
    for name, choices in (("status", Task.Status), ("priority", Task.Priority)):
        if name in query:
            lookups[name] = choice(name, query[name], choices.values)
    if "tag" in query:
        lookups["tags__contains"] = [storable("tag", query["tag"])]
    if "category" in query:
        lookups["category"] = storable("category", query["category"])
    if words := words_in(query):
        lookups["matches"] = {"words": words}
    if "due" in query:
        lookups |= DUE_FILTERS[choice("due", query["due"], DUE_FILTERS)](query, user)
    return lookups


def choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return the value, or raise InvalidValue if it is none of the choices."""
    if value not in choices:
        raise InvalidValue(name, f"give one of: {', '.join(choices)}")
    return value


def storable(name: str, value: str) -> str:
    """Return the text as it is stored, or raise InvalidValue."""
    try:
        return clean_text(value, max_length=MAX_SEARCH)
    except InvalidText as exc:
        raise InvalidValue(name, str(exc)) from None


def words_in(query: Mapping[str, str]) -> str:
    """Return the parts to search for, with a space between them; "" for none.

    Each of them has to be somewhere in the task.
    """
    try:
        text = clean_text(query.get("search", ""), max_length=MAX_SEARCH, lines=True)
    except InvalidText as exc:
        raise InvalidValue("search", str(exc)) from None
    return " ".join(text.split())


def overdue(query: Mapping[str, str], user: User) -> dict[str, Any]:
    now, zone = timezone.now(), zone_of(query, user.timezone)
    today = local_day(now, zone)
    start = local_midnight(today, zone)
    return {"is_overdue": {"today": midnight(today), "start": start, "now": now}}


def due_within(days: int) -> Callable[[Mapping[str, str], User], dict[str, Any]]:
    """Return the due filter for that many local days, today the first."""

    def lookups(query: Mapping[str, str], user: User) -> dict[str, Any]:
        zone = zone_of(query, user.timezone)
        today = local_day(timezone.now(), zone)
        day_after = today + DAY_LENGTH * days
        arguments = {
            "today": midnight(today),
            "day_after": midnight(day_after),
            "start": local_midnight(today, zone),
            "end": local_midnight(day_after, zone),
        }
        return {"is_due": arguments}

    return lookups


def midnight(day: date) -> datetime:
    """Return midnight UTC, which stands for a day."""
    return datetime.combine(day, time(), UTC)


DUE_FILTERS = {"overdue": overdue, "today": due_within(1), "week": due_within(WEEK)}
