"""Audit entries for what staff do on the admin pages.

`log_addition`, `log_change` and `log_deletions` of every ModelAdmin end in
`LogEntry.objects.log_actions`. An entry is appended there, so no page can forget it.
A request to a page writes in one transaction, which has its audit entries too, unless
the page sends mail or counts wrong passwords.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from contextvars import ContextVar
from functools import wraps
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntryManager
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User
from focusmaster.db.fields import OBJECT_ID
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.models import AuditEntry

# The request to a page under way, from which an entry takes address and browser.
page_request: ContextVar[HttpRequest | None] = ContextVar("page_request", default=None)

VERBS = {
    ADDITION: (AuditEntry.Action.PAGE_ADDED, "Added"),
    CHANGE: (AuditEntry.Action.PAGE_CHANGED, "Changed"),
    DELETION: (AuditEntry.Action.PAGE_DELETED, "Deleted"),
}


class PageRequestMiddleware:
    """Keep the request for the audit log, and run each POST in a transaction.

    Django's own pages open a transaction for one row, and none for actions on many. A
    page that sends mail or counts wrong passwords runs in none, see
    `outside_transaction`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = page_request.set(request)
        try:
            return self.get_response(request)
        finally:
            page_request.reset(token)

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


def watch() -> None:
    """Audit everything that is written to Django's log of the pages from now on."""
    log_actions = audited(LogEntryManager.log_actions)
    LogEntryManager.log_actions = log_actions  # type: ignore[method-assign]  # no hook


def audited(log_actions: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(log_actions)
    def log_and_audit(
        manager: LogEntryManager,
        user_id: str,
        queryset: Iterable[Model],
        action_flag: int,
        change_message: Any = "",
        **options: Any,
    ) -> Any:
        rows = list(queryset)
        with transaction.atomic():
            logged = log_actions(
                manager, user_id, rows, action_flag, change_message, **options
            )
            entries = [logged] if options.get("single_object") else logged
            audit(rows, entries, action_flag, by=actor(user_id))
        return logged

    return log_and_audit


def actor(user_id: str) -> Actor:
    request = page_request.get()
    if request is not None and request.user.pk == user_id:
        return Actor.of_request(request)
    return Actor(user_id, User.objects.get(pk=user_id).name)


def audit(rows: list[Model], entries: Any, action_flag: int, *, by: Actor) -> None:
    """Append an entry for each row, with the names of changed fields and no values."""
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
