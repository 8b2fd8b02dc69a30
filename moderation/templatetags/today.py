"""The numbers and the chart on the first admin page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils import timezone

from focusmaster.dates.zones import zone_named
from moderation.charts import Column, bars, counted
from moderation.models import Ban, Feedback
from moderation.people_search import count
from moderation.traffic import Traffic, kpis, traffic

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django.utils.safestring import SafeString

SOON = timedelta(days=7)
SHOWN = 5
# How long the page waits for each statement that counts days.
STATEMENT_TIMEOUT = timedelta(milliseconds=100)

register = template.Library()


@register.inclusion_tag("moderation/today.html", takes_context=True)
def today(context: dict[str, Any]) -> dict[str, Any]:
    """Show numbers of today and of the last 30 days, in the viewer's time zone."""
    now, zone = timezone.now(), zone_named(context["request"].user.timezone)
    ending = Ban.objects.in_force(at=now).filter(until__lte=now + SOON)
    shown = traffic(zone, at=now, limit=STATEMENT_TIMEOUT)
    return {
        "tiles": tiles(kpis(shown, at=now)),
        "chart": chart_of(shown, zone),
        "ending": ending.select_related("user").order_by("until")[:SHOWN],
    }


def tiles(numbers: dict[str, int | None]) -> list[dict[str, Any]]:
    errors, feedback = numbers["recentErrors"], count(Feedback.objects.open())
    everybody = reverse("admin:accounts_user_changelist")
    board = reverse("admin:moderation_feedback_changelist")
    rows = [
        (numbers["totalUsers"], "people", everybody, False),
        (numbers["activeToday"], "active today", everybody, False),
        (
            errors,
            "errors in 24 hours",
            reverse("admin:moderation_errorgroup_changelist"),
            bool(errors),
        ),
        (feedback, "feedback to do", f"{board}?to_do=open", feedback > 0),
    ]
    return [
        {
            "number": "…" if number is None else f"{number:,}",
            "label": label,
            "url": url,
            "matters": matters,
        }
        for number, label, url, matters in rows
    ]


def people(number: int) -> str:
    return f"{number:,} person" if number == 1 else f"{number:,} people"


def chart_of(shown: Traffic, zone: ZoneInfo) -> SafeString:
    columns = [
        Column(day["date"][5:], day["date"], day["sessions"] or 0, text_of(day))
        for day in shown.days
    ]
    return bars("Sessions per day.", summary(shown, zone), "Sessions", columns, every=5)


def text_of(day: dict[str, Any]) -> str:
    if day["sessions"] is None:
        return "being counted"
    return f"{counted(day['sessions'], 'session')} of {people(day['visitors'])}"


def summary(shown: Traffic, zone: ZoneInfo) -> str:
    numbers = [day["sessions"] for day in shown.days if day["sessions"] is not None]
    said = []
    if numbers:
        total, days = counted(sum(numbers), "session"), counted(len(numbers), "day")
        said.append(f"{total} in {days}; days are those of {zone.key}.")
    if shown.as_of:
        moment = f"{shown.as_of.astimezone(zone):%Y-%m-%d %H:%M}"
        said.append(f"Busy days as of {moment}.")
    if rest := len(shown.days) - len(numbers):
        said.append(f"{counted(rest, 'day')} still being counted: look again soon.")
    return " ".join(said)
