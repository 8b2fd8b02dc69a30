"""Searches in folded text; the functions are in `focusmaster/sql/folded_text.sql`."""

from __future__ import annotations

from django.db import models
from django.db.models import Func


class ContainsAll(Func):
    """Whether folded text contains every part of a search, which a space separates.

    Its arguments are the text, in which case and accents are folded already, and the
    search as it was typed.
    """

    # A subquery makes the patterns once, not for each row.
    template = "(%(expressions)s))::text[]))"
    arg_joiner = " LIKE ALL ((SELECT focusmaster_search_patterns("
    output_field = models.BooleanField()
