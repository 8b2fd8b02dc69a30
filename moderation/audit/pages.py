"""Audit entries for what staff do on the admin pages.

Every page tells it by `staff_acted`, beside Django's own log of the pages. A request to
a page writes in one transaction, which has its audit entries too, unless the page sends
mail or counts wrong passwords.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Model
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User
from accounts.signals import staff_acted
from focusmaster.db.fields import OBJECT_ID
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.models import AuditEntry

VERBS = {
    ADDITION: (AuditEntry.Action.PAGE_ADDED, "Added"),
    CHANGE: (AuditEntry.Action.PAGE_CHANGED, "Changed"),
    DELETION: (AuditEntry.Action.PAGE_DELETED, "Deleted"),
}


class PageTransactionMiddleware:
    """Run each POST to a page in a transaction.

    Django's own pages open one for one row, and none for actions on many. A page that
    sends mail or counts wrong passwords runs in none, see `outside_transaction`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args, kwargs
    ) -> HttpResponse | None:
        if request.method != "POST" or not request.user.is_authenticated:
            return None
        is_atomic = getattr(view, "is_atomic", True)
        try:
            with transaction.atomic() if is_atomic else nullcontext():
                return view(request, *args, **kwargs)
        except RowNotFound as exc:
            raise Http404 from exc


@receiver(staff_acted)
def audit(
    request: HttpRequest,
    rows: Sequence[Model],
    entries: Sequence[LogEntry],
    action_flag: int,
    **_: Any,
) -> None:
    """Append an entry for each row, with the names of changed fields and no values."""
    by = Actor.of_request(request)
    action, verb = VERBS[action_flag]
    for row, logged in zip(rows, entries, strict=True):
        noun, key = row._meta.verbose_name, str(row.pk)
        said = logged.get_change_message() if action_flag == CHANGE else ""
        is_id = OBJECT_ID.fullmatch(key) is not None
        person = row if isinstance(row, User) else getattr(row, "user", None)
        if isinstance(person, User) and key == person.pk:
            key = person.name_in_logs
        AuditEntry.objects.record(
            action,
            by=by,
            target_id=row.pk if is_id else None,
            target_user_id=person.pk if isinstance(person, User) else None,
            details=f"{verb} a row of {noun}",
            metadata={"model": row._meta.label_lower, "key": key},
            reason=said,
        )
