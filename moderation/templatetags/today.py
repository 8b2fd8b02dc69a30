"""What matters today, on the first of staff's pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils import timezone

from focusmaster.periods import zone_named
from moderation.charts import Column, bars, counted
from moderation.models import Ban, Feedback
from moderation.people import count
from moderation.usage import kpis, traffic

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django.utils.safestring import SafeString

SOON = timedelta(days=7)
SHOWN = 5

register = template.Library()


@register.inclusion_tag("moderation/today.html", takes_context=True)
def today(context: dict[str, Any]) -> dict[str, Any]:
    """Show numbers of today, by the clock of who looks, and the last 30 days."""
    now, zone = timezone.now(), zone_named(context["request"].user.timezone)
    ending = Ban.objects.in_force(at=now).filter(until__lte=now + SOON)
    chart = chart_of(zone, at=now)  # Finds what kpis() then need not count again.
    return {
        "tiles": tiles(kpis(zone, at=now)),
        "chart": chart,
        "ending": ending.select_related("user").order_by("until")[:SHOWN],
    }


def tiles(numbers: dict[str, int]) -> list[dict[str, Any]]:
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
        {"number": f"{number:,}", "label": label, "url": url, "matters": matters}
        for number, label, url, matters in rows
    ]


def people(number: int) -> str:
    return f"{number:,} person" if number == 1 else f"{number:,} people"


def chart_of(zone: ZoneInfo, *, at: datetime) -> SafeString:
    days = traffic(zone, at=at)
    columns = [
        Column(
            day["date"][5:],
            day["date"],
            day["sessions"],
            f"{counted(day['sessions'], 'session')} of {people(day['visitors'])}",
        )
        for day in days
    ]
    total = counted(sum(day["sessions"] for day in days), "session")
    summary = f"{total} in {len(days)} days; days are those of {zone.key}."
    return bars("Sessions per day.", summary, "Sessions", columns, every=5)
