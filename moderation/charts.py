"""Charts for the admin pages: SVG, with the same numbers as a table.

The style sheet sets the colours, which depend on whether the page is light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from math import ceil
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from focusmaster.dates.periods import DAYS_OF_WEEK

# Shades of a day with focus, from the palest to the strongest.
SHADES = 4

# In units of the SVG.
CELL = 13
LEFT, TOP = 30, 18
BAR = 24
BARS_HEIGHT = 180
BARS_LEFT, BARS_RIGHT, BARS_TOP, BARS_BOTTOM = 44, 10, 12, 22
# The width of a digit of the axis.
DIGIT = 7
# Where an axis may end, in tenths of a power of ten.
TOPS = (10, 12, 16, 20, 30, 40, 50, 60, 80, 100)


class Column(NamedTuple):
    """One bar: the label below it, its name, its value, and that value as text."""

    label: str
    name: str
    value: int
    text: str


def hours(seconds: int) -> str:
    minutes = (seconds + 30) // 60
    return f"{minutes // 60} h {minutes % 60:02} min"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def heatmap(
    title: str, days: Sequence[dict[str, Any]], first_weekday: int
) -> SafeString:
    """Draw a square for each day, in columns of weeks, darker with more sessions.

    `days` are from `pomodoro.totals.focus_by_day`: consecutive, oldest first.
    """
    most = max(day["sessions"] for day in days)
    offset = (days[0]["date"].weekday() - first_weekday) % DAYS_OF_WEEK
    places = [divmod(n + offset, DAYS_OF_WEEK) for n in range(len(days))]
    cells = [
        {
            "x": LEFT + week * CELL,
            "y": TOP + row * CELL,
            "shade": ceil(SHADES * day["sessions"] / most) if most else 0,
            "text": f"{day['date']:%a} {day['date']}: "
            f"{counted(day['sessions'], 'session')}, {hours(day['focusTime'])}",
        }
        for (week, row), day in zip(places, days, strict=True)
    ]
    weeks = places[-1][0] + 1
    return render_to_string(
        "moderation/charts/heatmap.html",
        {
            "title": title,
            "summary": summary(days),
            "cells": cells,
            "size": CELL - 2,
            "width": LEFT + weeks * CELL,
            "height": TOP + DAYS_OF_WEEK * CELL,
            "months": month_labels(days, places),
            "weekdays": weekday_labels(days, places),
            "shades": range(SHADES + 1),
            "table": by_month(days),
        },
    )


def summary(days: Sequence[dict[str, Any]]) -> str:
    count = sum(day["sessions"] for day in days)
    if not count:
        return f"No focus sessions from {days[0]['date']} to {days[-1]['date']}."
    best = max(days, key=lambda day: day["sessions"])
    active = sum(1 for day in days if day["sessions"])
    return (
        f"{counted(count, 'focus session')} on {counted(active, 'day')}, "
        f"{hours(sum(day['focusTime'] for day in days))} in all; "
        f"most on {best['date']}: {best['sessions']}."
    )


def month_labels(
    days: Sequence[dict[str, Any]], places: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Label each month above its first whole week."""
    return [
        {"x": LEFT + week * CELL, "text": f"{day['date']:%b}"}
        for (week, row), day in zip(places, days, strict=True)
        if row == 0 and day["date"].day <= DAYS_OF_WEEK
    ]


def weekday_labels(
    days: Sequence[dict[str, Any]], places: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Label every other row."""
    names = {row: f"{day['date']:%a}" for (_, row), day in zip(places, days)}  # noqa: B905 (the first week is enough)
    return [
        {"y": TOP + row * CELL + CELL - 4, "text": names[row]}
        for row in (0, 2, 4)
        if row in names
    ]


def by_month(days: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum the days up, newest month first."""

    def month(day: dict[str, Any]) -> date:
        return day["date"].replace(day=1)

    rows = []
    for first, group in groupby(days, key=month):
        own = list(group)
        rows.append(
            {
                "month": f"{first:%B %Y}",
                "sessions": sum(day["sessions"] for day in own),
                "time": hours(sum(day["focusTime"] for day in own)),
                "days": sum(1 for day in own if day["sessions"]),
            }
        )
    return rows[::-1]


def bars(
    title: str,
    summary: str,
    unit: str,
    columns: Sequence[Column],
    *,
    every: int = 1,
    step: int = BAR,
) -> SafeString:
    """Draw a bar for each column, `step` wide with the gap to the next.

    One in `every` columns has its label below, counted back from the last.
    """
    top = round_top(max(column.value for column in columns))
    left = max(BARS_LEFT, BARS_RIGHT + DIGIT * len(f"{top:,}"))
    height = BARS_HEIGHT - BARS_TOP - BARS_BOTTOM
    marks = [
        {"y": BARS_TOP + height * (1 - part), "text": f"{top * part:,.0f}"}
        for part in (0, 0.5, 1)
    ]
    last = len(columns) - 1
    shown = [
        bar(column, left + n * step, step, height * column.value / top)
        | ({"label": ""} if (last - n) % every else {})
        for n, column in enumerate(columns)
    ]
    return render_to_string(
        "moderation/charts/bars.html",
        {
            "title": title,
            "summary": summary,
            "unit": unit,
            "bars": shown,
            "marks": marks,
            "width": left + len(columns) * step + BARS_RIGHT,
            "height": BARS_HEIGHT,
            "left": left,
            "base": BARS_HEIGHT - 6,
        },
    )


def bar(column: Column, x: float, step: int, height: float) -> dict[str, Any]:
    """Return the shape of a bar in the `step` units from `x` on."""
    return {
        "x": round(x + step * 0.15, 1),
        "y": round(BARS_HEIGHT - BARS_BOTTOM - height, 1),
        "width": round(step * 0.7, 1),
        "height": round(height, 1),
        "middle": round(x + 0.5 * step, 1),
        "label": column.label,
        "column": column,
    }


def round_top(most: int) -> int:
    """Return the end of the axis: a round and even number that is not below."""
    power = 10 ** (len(str(most)) - 1)
    tops = (power * tenths // 10 for tenths in TOPS)
    return next(top for top in tops if top >= most and top % 2 == 0)
