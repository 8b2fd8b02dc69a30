"""What the admin pages of this app share: pages with forms, acts on rows, paging."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from accounts.admin_site import MOST_CHOSEN, PAGES
from focusmaster.db.fields import OBJECT_ID
from focusmaster.exceptions import RuleViolation

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseRedirect

PAGE_LENGTH = 50


class ActingPages(admin.ModelAdmin):
    """A ModelAdmin with pages beside Django's own, and acts on rows."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """Redirect to the entries of the audit log about the row."""
        return redirect(audit_log_of(target_id=object_id))

    def page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                **context,
            },
        )

    def row(self, request: HttpRequest, object_id: str) -> Any:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def go(self, name: str, ids: Iterable[str]) -> HttpResponseRedirect:
        """Redirect to one of this model's pages, with the ids of the rows to act on."""
        meta = self.opts
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}")
        return redirect(f"{url}?{urlencode({'id': list(ids)}, doseq=True)}")

    def chosen(self, request: HttpRequest) -> list[Any]:
        """Return the rows whose ids the query has, or raise Http404."""
        ids = {pk for pk in request.GET.getlist("id") if OBJECT_ID.fullmatch(pk)}
        if not 0 < len(ids) <= MOST_CHOSEN:
            raise Http404
        rows = list(self.model._default_manager.filter(pk__in=ids).order_by("pk"))
        if not rows:
            raise Http404
        return rows

    def act_on_each(
        self,
        request: HttpRequest,
        rows: Iterable[models.Model],
        verb: Callable[[models.Model], Any],
        done: str,
    ) -> None:
        """Call a verb for each row; show how many succeeded, and each error.

        The rows must be locked already. The first act locks the audit log until the
        commit, and a wait for a row after that would make all other writers wait.
        """
        count = 0
        for row in rows:
            try:
                with transaction.atomic():
                    verb(row)
            except RuleViolation as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                count += 1
        if count:
            self.message_user(request, done.format(count=count), messages.SUCCESS)


def audit_log_of(**lookups: str) -> str:
    log = reverse("admin:moderation_auditentry_changelist")
    return f"{log}?{urlencode(lookups)}"


class Part(NamedTuple):
    """One page of rows, with the numbers of the pages before and after it."""

    rows: list[Any]
    newer: int | None
    older: int | None


def part_of(rows: models.QuerySet, number: int, length: int = PAGE_LENGTH) -> Part:
    start = (number - 1) * length
    found = list(rows[start : start + length + 1])
    return Part(
        found[:length],
        number - 1 if number > 1 else None,
        number + 1 if len(found) > length and number < PAGES else None,
    )


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
    return min(max(number, 1), PAGES)
