"""The pages of the audit log: search, reading and download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from accounts.admin import ids_found_by
from accounts.admin_site import ReadOnlyAdmin, SpanningQuerySet
from accounts.models import User
from focusmaster.db.fields import OBJECT_ID
from moderation.admin.pages import ActingPages, audit_log_of
from moderation.audit.table import NEWEST_FIRST, audit_log_csv
from moderation.models import AuditEntry, AuditRecord

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import FileResponse, HttpRequest, HttpResponseRedirect

# As Django shows an empty column. A method that returns None would show "None".
NOTHING = "-"
# Limits of a search: people whose name matches, and entries by or about them. To find
# the newest of both without limits, PostgreSQL would read all entries.
MOST_PEOPLE = 20
MOST_FOUND = 200


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [(action, action) for action in AuditEntry.Action.values]

    def queryset(self, request, queryset) -> QuerySet:
        return queryset.filter(action=self.value()) if self.value() else queryset


def newest(
    entries: QuerySet, lookup: str, ids: list[str]
) -> list[tuple[str, datetime]]:
    """Return the ids and instants of the newest entries with one of these ids.

    The query is a union of one per id, for which an index has the order. For all ids
    in one, PostgreSQL may read the whole log from its end until it has found enough.
    """
    parts = [
        entries.filter(**{lookup: one}).values_list("pk", "created_at")[:MOST_FOUND]
        for one in ids
    ]
    if not parts:
        return []
    rows = parts[0].union(*parts[1:], all=True)
    return sorted(rows, key=lambda row: row[1], reverse=True)[:MOST_FOUND]


class RecordList(ChangeList):
    """A list that looks up the records and people of the page that is shown."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries = list(self.result_list)
        records = AuditRecord.objects.in_bulk([entry.pk for entry in entries])
        people = User.objects.in_bulk(
            [entry.target_id for entry in entries if entry.target_id]
        )
        for entry in entries:
            entry.record = records[entry.pk]
            entry.person = people.get(entry.target_id)
        self.result_list = entries


@admin.register(AuditEntry)
class AuditEntryAdmin(ActingPages, ReadOnlyAdmin):
    """Entries are evidence, written by the verbs; the pages only show them."""

    change_list_template = "moderation/audit_log.html"
    date_hierarchy = "created_at"
    list_display = ["created_at", "deed", "actor", "target", "details_in_full"]
    list_filter = [ActionFilter]
    linked_lookups = ("actor_id", "target_id")
    ordering = [*NEWEST_FIRST]
    search_fields = ["actor_id", "target_id"]
    search_help_text = (
        "How the email or name of who acted, or whom it was about, begins, or an id: "
        f"the newest {MOST_FOUND} by them and about them"
    )
    fields = readonly_fields = (
        "position",
        "created_at",
        "action",
        "actor",
        "target",
        "details_in_full",
        "facts",
        "ip_address",
        "user_agent",
        "chain",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return SpanningQuerySet(AuditEntry).order_by(*NEWEST_FIRST)

    def get_changelist(self, request: HttpRequest, **options) -> type[ChangeList]:
        return RecordList

    def get_object(self, request, object_id, from_field=None) -> AuditEntry | None:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.record = AuditRecord.objects.get(pk=entry.pk)
            entry.person = User.objects.filter(pk=entry.target_id).first()
        return entry

    def get_search_results(self, request, queryset, search_term):
        """Search by what has an index: ids of rows and of people."""
        text = search_term.strip()
        if not text:
            return queryset, False
        ids = ids_found_by(text, MOST_PEOPLE)
        if OBJECT_ID.fullmatch(text):
            ids.append(text)
        found: dict[str, datetime] = {}
        for lookup in ("actor_id", "target_id"):
            found.update(newest(queryset, lookup, ids))
        if not found:
            return queryset.none(), False
        # Bounds the search for the first and the last day, which starts at the ends.
        ends = min(found.values()), max(found.values())
        return queryset.filter(pk__in=found, created_at__range=ends), False

    def get_urls(self) -> list:
        table = self.admin_site.admin_view(self.table)
        own = path("table.csv", table, name="moderation_auditentry_table")
        return [own, *super().get_urls()]

    def table(self, request: HttpRequest) -> FileResponse | HttpResponseRedirect:
        """Download all pages of the list, with its filters."""
        try:
            entries = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect(audit_log_of())
        found = entries.order_by().values("pk")
        return audit_log_csv(AuditRecord.objects.filter(pk__in=found))

    @admin.display(description="action")
    def deed(self, entry: AuditEntry) -> str:
        """Allow a line break between the words of a long name."""
        words = ((word,) for word in entry.action.split("_"))
        return format_html_join(mark_safe("_<wbr>"), "{}", words)

    @admin.display(description="by")
    def actor(self, entry: AuditEntry) -> str:
        """Link to all entries by the same actor."""
        name = entry.record.actor_name or "somebody who is gone"
        if entry.actor_id is None:
            return f"{name} (command)"
        return format_html(
            '<a href="{}">{}</a>', audit_log_of(actor_id=entry.actor_id), name
        )

    @admin.display(description="about")
    def target(self, entry: AuditEntry) -> str:
        """Link to all entries about the same row."""
        if entry.target_id is None:
            return NOTHING
        name = entry.person or f"…{entry.target_id[-8:]}"
        return format_html(
            '<a href="{}" title="{}">{}</a>',
            audit_log_of(target_id=entry.target_id),
            entry.target_id,
            name,
        )

    @admin.display(description="details")
    def details_in_full(self, entry: AuditEntry) -> str:
        return entry.record.details

    @admin.display(description="facts")
    def facts(self, entry: AuditEntry) -> str:
        return orjson.dumps(entry.metadata).decode() if entry.metadata else NOTHING

    @admin.display(description="IP address")
    def ip_address(self, entry: AuditEntry) -> str:
        return entry.record.ip_address or NOTHING

    @admin.display(description="browser")
    def user_agent(self, entry: AuditEntry) -> str:
        return entry.record.user_agent or NOTHING

    @admin.display(description="hash in the chain")
    def chain(self, entry: AuditEntry) -> str:
        return format_html("<code>{}</code>", bytes(entry.hash).hex())
