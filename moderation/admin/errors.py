"""The pages of errors: requests that crashed, grouped by where and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_site import ReadOnly, ReadOnlyAdmin, url_kwargs
from moderation.models import ErrorGroup, ErrorOccurrence

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from moderation.models.errors import ErrorGroupQuerySet

# Requests shown with an error.
SHOWN = 50


class OfError:
    @admin.display(description="person")
    def person(self, row: ErrorGroup | ErrorOccurrence) -> str:
        if row.user_id is None:
            return "nobody signed in"
        url = reverse("admin:accounts_user_named", args=[row.user_id])
        return format_html('<a href="{}"><code>{}</code></a>', url, row.user_id)

    @admin.display(description="request")
    def request_line(self, row: ErrorGroup | ErrorOccurrence) -> str:
        return f"{row.method} {row.path}"


class OccurrenceInline(OfError, ReadOnly, admin.TabularInline):
    """The requests with this error, each found by the request id in its response."""

    model = ErrorOccurrence
    verbose_name_plural = f"requests that met it (the newest {SHOWN})"
    fields = readonly_fields = (
        "created_at",
        "request_line",
        "person",
        "request_id",
        "message",
    )
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        group_id = url_kwargs(request)["object_id"]
        newest = ErrorOccurrence.objects.filter(group_id=group_id).values("pk")[:SHOWN]
        return super().get_queryset(request).filter(pk__in=newest)


@admin.register(ErrorGroup)
class ErrorGroupAdmin(OfError, ReadOnlyAdmin):
    """Errors of the last 30 days, the latest first."""

    inlines = [OccurrenceInline]
    list_display = ["last_seen_at", "message", "count", "request_line", "first_seen_at"]
    list_display_links = ["message"]
    ordering = ["-last_seen_at", "-id"]
    search_fields = ["occurrences__request_id"]
    search_help_text = "The request id that a person reports"
    fields = readonly_fields = (
        "message",
        "count",
        "first_seen_at",
        "last_seen_at",
        "status_code",
        "request_line",
        "person",
        "request_id",
        "traceback",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        shown = cast("ErrorGroupQuerySet", super().get_queryset(request)).kept()
        return shown.defer("stack") if "object_id" not in url_kwargs(request) else shown

    def get_search_results(self, request, queryset, search_term):
        text = search_term.strip()
        if not text:
            return queryset, False
        met = ErrorOccurrence.objects.filter(request_id=text).values("group_id")
        return queryset.filter(pk__in=met), False

    @admin.display(description="traceback")
    def traceback(self, error: ErrorGroup) -> str:
        return format_html('<pre class="traceback" tabindex="0">{}</pre>', error.stack)
