"""What matters today, on the first of staff's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils import timezone

from focusmaster.dates.periods import zone_named
from moderation.charts import Column, bars, counted
from moderation.models import Ban, Feedback
from moderation.people_search import count
from moderation.traffic import Traffic, kpis, traffic

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django.utils.safestring import SafeString

SOON = timedelta(days=7)
SHOWN = 5
# For which the page waits for each step of counting what nobody has counted yet.
STATEMENT_TIMEOUT = timedelta(milliseconds=100)

register = template.Library()


@register.inclusion_tag("moderation/today.html", takes_context=True)
def today(context: dict[str, Any]) -> dict[str, Any]:
    """Show numbers of today, by the clock of who looks, and the last 30 days."""
    now, zone = timezone.now(), zone_named(context["request"].user.timezone)
    ending = Ban.objects.in_force(at=now).filter(until__lte=now + SOON)
    use = traffic(zone, at=now, limit=STATEMENT_TIMEOUT)
    return {
        "tiles": tiles(kpis(use, at=now)),
        "chart": chart_of(use, zone),
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
            errors > 0,
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


def chart_of(use: Traffic, zone: ZoneInfo) -> SafeString:
    columns = [
        Column(day["date"][5:], day["date"], day["sessions"] or 0, text_of(day))
        for day in use.days
    ]
    return bars("Sessions per day.", summary(use, zone), "Sessions", columns, every=5)


def text_of(day: dict[str, Any]) -> str:
    if day["sessions"] is None:
        return "being counted"
    return f"{counted(day['sessions'], 'session')} of {people(day['visitors'])}"


def summary(use: Traffic, zone: ZoneInfo) -> str:
    numbers = [day["sessions"] for day in use.days if day["sessions"] is not None]
    said = []
    if numbers:
        total, days = counted(sum(numbers), "session"), counted(len(numbers), "day")
        said.append(f"{total} in {days}; days are those of {zone.key}.")
    if use.as_of:
        moment = f"{use.as_of.astimezone(zone):%Y-%m-%d %H:%M}"
        said.append(f"Busy days as of {moment}.")
    if rest := len(use.days) - len(numbers):
        said.append(f"{counted(rest, 'day')} still being counted: look again soon.")
    return " ".join(said)
