"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from accounts.models import User
from kanban.models import Task


def make_rows(user: User) -> None:
    Task.objects.add(user=user, title="Plan the quux", tags=["quux"])
