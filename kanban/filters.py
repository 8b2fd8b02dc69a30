"""Filters, search and orders of the list of tasks (API.md §4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Least
from django.utils import timezone

from focusmaster.api.query_params import PAGE, TZ, Choice, Query, Sort, Text
from focusmaster.dates.periods import DAY_LENGTH, local_day, local_midnight, zone_of
from focusmaster.db.fields import MillisecondDateTimeField
from focusmaster.db.folded_text import ContainsAll
from focusmaster.db.json_rows import SortExpression
from kanban.models import Task

if TYPE_CHECKING:
    from accounts.models import User

NEWEST = ("-created_at", "-id")
ORDERS = {
    "position": ("position", "id"),
    "deadline": ("deadline", "id"),
    "dueDate": ("due_date", "id"),
    "due": ("due_at", "id"),
    "priority": ("rank_of_priority", "id"),
    "createdAt": ("created_at", "id"),
}

# Days from today on that `due=week` means, today included.
WEEK = 7
MAX_SEARCH = 200

# Null for a task with neither date.
DUE = Least("deadline", "due_date", output_field=MillisecondDateTimeField(null=True))
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
    "due_at": DUE,
    "rank_of_priority": Func(
        F("priority"),
        template="array_position('{low,medium,high}'::varchar[], %(expressions)s)",
        output_field=models.IntegerField(),
    ),
}


def order_in(query: Query) -> tuple[str, ...]:
    """Return the order that the query string asks for; else newest."""
    if "sort" not in query:
        return NEWEST
    name = query["sort"].removeprefix("-")
    if query["sort"] == name:
        return ORDERS[name]
    return tuple(f"-{key}" for key in ORDERS[name])


def lookups_in(query: Query, user: User) -> dict[str, Any]:
    """Return the lookups that the query string means."""
    lookups = query.lookups(status="status", priority="priority", category="category")
    if "tag" in query:
        lookups["tags__contains"] = query["tag"]
    # Each part between blanks has to be somewhere in the task.
    if words := " ".join(query.get("search", "").split()):
        lookups["matches"] = {"words": words}
    if "due" in query:
        lookups |= DUE_FILTERS[query["due"]](query, user)
    return lookups


def overdue(query: Query, user: User) -> dict[str, Any]:
    now, zone = timezone.now(), zone_of(query, user.timezone)
    today = local_day(now, zone, user.day_start)
    start = local_midnight(today, zone, user.day_start)
    return {"is_overdue": {"today": midnight(today), "start": start, "now": now}}


def due_within(days: int) -> Callable[[Query, User], dict[str, Any]]:
    """Return the due filter for that many local days, today the first."""

    def lookups(query: Query, user: User) -> dict[str, Any]:
        zone, day_start = zone_of(query, user.timezone), user.day_start
        today = local_day(timezone.now(), zone, day_start)
        day_after = today + DAY_LENGTH * days
        arguments = {
            "today": midnight(today),
            "day_after": midnight(day_after),
            "start": local_midnight(today, zone, day_start),
            "end": local_midnight(day_after, zone, day_start),
        }
        return {"is_due": arguments}

    return lookups


def midnight(day: date) -> datetime:
    """Return midnight UTC, which stands for a day."""
    return datetime.combine(day, time(), UTC)


DUE_FILTERS = {"overdue": overdue, "today": due_within(1), "week": due_within(WEEK)}

PARAMETERS = (
    Choice("status", Task.Status, many=True),
    Choice("priority", Task.Priority, many=True),
    Text("tag", "Only tasks with all of these tags.", max_length=MAX_SEARCH, many=True),
    Text("category", "Only tasks of this category.", max_length=MAX_SEARCH),
    Text(
        "search",
        "Parts between blanks, each of which is somewhere in the title, description, "
        "tags or category, without regard to case and accents.",
        max_length=MAX_SEARCH,
        lines=True,
    ),
    Choice(
        "due",
        DUE_FILTERS,
        "By the earlier of `deadline` and `dueDate`, in your time zone: past and not "
        "done; today; today and the six days after. One at midnight UTC is a day; with "
        "`isAllDay` any other is the local day that it lies in.",
    ),
    Sort(
        ORDERS,
        "`-` is for descending; `due` is the earlier of `deadline` and `dueDate`. "
        "Tasks without come last.",
    ),
    TZ,
    *PAGE,
)
