from __future__ import annotations

from django import template

from timeclock.tables import hours_and_minutes

register = template.Library()
register.filter("hours_and_minutes", hours_and_minutes)
