"""What staff's pages of this app share: forms that act, plain paging."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from rest_framework.exceptions import PermissionDenied as NoLongerStaff

from accounts.admin_site import MOST_CHOSEN, PAGES
from focusmaster.db.fields import OBJECT_ID
from focusmaster.exceptions import RuleViolation

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseRedirect

PAGE_LENGTH = 50


class ActingPages:
    """Pages beside Django's own, and acts on rows."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """Show what the audit log has about the row."""
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

    def row(self, request: HttpRequest, object_id: str) -> models.Model:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def go(self, name: str, ids: Iterable[str]) -> HttpResponseRedirect:
        """Go to one of this model's pages with the ids that it is to act on."""
        meta = self.opts
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}")
        return redirect(f"{url}?{urlencode({'id': list(ids)}, doseq=True)}")

    def chosen(self, request: HttpRequest) -> list[models.Model]:
        """Return the rows that the query names, or raise Http404."""
        ids = {pk for pk in request.GET.getlist("id") if OBJECT_ID.fullmatch(pk)}
        if not 0 < len(ids) <= MOST_CHOSEN:
            raise Http404
        rows = list(self.model.objects.filter(pk__in=ids).order_by("pk"))
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
        """Call a verb for each row, and tell how many it was done to, and why not.

        What is locked is locked before the first act: its entry locks the audit log,
        and who waits for a row after that would be waited for by all.
        """
        count = 0
        for row in rows:
            try:
                with transaction.atomic():
                    verb(row)
            except RuleViolation as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            except NoLongerStaff as exc:
                raise PermissionDenied from exc
            else:
                count += 1
        if count:
            self.message_user(request, done.format(count=count), messages.SUCCESS)


def audit_log_of(**lookups: str) -> str:
    log = reverse("admin:moderation_auditentry_changelist")
    return f"{log}?{urlencode(lookups)}"


class Part(NamedTuple):
    """One page of rows, and the numbers of the pages beside it."""

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
