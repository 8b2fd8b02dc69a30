from __future__ import annotations

from django.contrib import admin

from accounts.admin_site import ReadOnlyAdmin
from accounts.models import User
from timeclock.models import WorkLog
from timeclock.tables import hours_and_minutes


@admin.register(WorkLog)
class WorkLogAdmin(ReadOnlyAdmin):
    """All work logs, read-only."""

    list_display = ["user", "started_at", "ended_at", "length", "breaks"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    search_help_text = "The whole email of a person."

    @admin.display(description="duration")
    def length(self, log: WorkLog) -> str:
        return hours_and_minutes(log.duration)

    @admin.display(description="breaks")
    def breaks(self, log: WorkLog) -> str:
        return hours_and_minutes(log.break_seconds)

    def get_search_results(self, request, queryset, search_term):
        """Search by the whole email, which an index serves."""
        if search_term:
            owner = list(User.objects.with_email(search_term).values_list("pk"))
            queryset = queryset.filter(user__in=[pk for (pk,) in owner])
        return queryset, False
