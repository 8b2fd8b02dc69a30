"""What focus sessions add up to: in total, and by local day."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, F, Func, Sum

from focusmaster.periods import local_midnight
from focusmaster.queries import Slot, Statement, select_statement
from pomodoro.models import PomodoroSession

if TYPE_CHECKING:
    from datetime import date

    from accounts.models import User
    from focusmaster.periods import Period
    from pomodoro.models import PomodoroSessionQuerySet


class DayNumber(Func):
    """Which of some days, given by the instants at which all but the first begin.

    Where days begin is not left to PostgreSQL, which has time zone rules of its own,
    older or newer than Python's: a session would fall on a day that no period has.
    """

    template = "width_bucket(%(expressions)s::timestamptz[])"
    output_field = models.IntegerField()


def focus_totals(*, user: User, period: Period) -> dict[str, int]:
    """Return the seconds and the number of focus sessions in a period.

    Of all time they are known with the user; else one query.
    """
    lookups = period.lookups("started_at")
    if lookups:
        query = _totals(tuple(lookups))
        ((time, count),) = query.rows({"user": bytes.fromhex(user.pk), **lookups})
    else:
        time, count = user.focus_seconds, user.focus_count
    return {"totalFocusTime": time, "totalSessions": count}


def focus_by_day(user_id: str, period: Period) -> list[dict[str, Any]]:
    """Return date, seconds and number for each day of a bounded period; one query.

    Oldest first; days without a session are there with zeros.
    """
    days, later = _days(period)
    lookups = period.lookups("started_at")
    values = {"user": bytes.fromhex(user_id), "later": later, **lookups}
    found = {number: rest for number, *rest in _by_day(tuple(lookups)).rows(values)}
    totals = (found.get(number, (0, 0)) for number in range(len(days)))
    return [
        {"date": day, "focusTime": time, "sessions": count}
        for day, (time, count) in zip(days, totals, strict=True)
    ]


@lru_cache(maxsize=256)
def _days(period: Period) -> tuple[list[date], str]:
    """Return a period's days, and where all but the first begin as an array's text.

    Most people of a zone ask for the same few periods.
    """
    days = period.days()
    later = (local_midnight(day, period.zone).isoformat() for day in days[1:])
    return days, f"{{{','.join(later)}}}"


@cache
def _totals(lookups: tuple[str, ...]) -> Statement:
    # Without a GROUP BY, so that no session gives a row of zeros.
    seconds = Func("duration", template="COALESCE(SUM(%(expressions)s), 0)")
    number = Func(template="COUNT(*)", output_field=models.IntegerField())
    return select_statement(_focus(lookups).values_list(seconds, number))


@cache
def _by_day(lookups: tuple[str, ...]) -> Statement:
    number = DayNumber(F("started_at"), Slot("later"))
    days = _focus(lookups).annotate(number=number).values_list("number")
    return select_statement(days.annotate(Sum("duration"), sessions=Count("*")))


def _focus(lookups: tuple[str, ...]) -> PomodoroSessionQuerySet:
    mine = PomodoroSession.objects.owned_by(Slot("user")).focus().order_by()
    return mine.filter(**{name: Slot(name) for name in lookups})
