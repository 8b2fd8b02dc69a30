"""The pages of bans, which are the history."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import OfPerson
from accounts.admin_site import ReadOnly, url_kwargs
from moderation.models import Ban

# Bans shown with a person.
SHOWN = 20


class OfBan:
    """Columns of a list that are made of a ban."""

    @admin.display(description="status")
    def term(self, ban: Ban) -> str:
        end = f" until {ban.until:%Y-%m-%d %H:%M} UTC" if ban.until else ""
        return f"{ban.status}{end}"

    @admin.display(description="imposed by")
    def imposed_by(self, ban: Ban) -> str:
        return str(ban.author or ban.operator or "somebody who is gone")

    @admin.display(description="lifted by")
    def lifted(self, ban: Ban) -> str:
        return str(ban.lifted_by or ban.lift_operator or "")

    @admin.display(description="in force", boolean=True)
    def in_force(self, ban: Ban) -> bool:
        return ban.is_in_force()


class BanInline(OfBan, ReadOnly, admin.TabularInline):
    """The bans of the person whose page it is."""

    model = Ban
    fk_name = "user"
    verbose_name_plural = f"bans (the newest {SHOWN})"
    fields = readonly_fields = (
        "in_force",
        "status",
        "reason",
        "created_at",
        "until",
        "imposed_by",
        "ended_at",
        "lifted",
        "lift_reason",
    )
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        shown = super().get_queryset(request).select_related("author", "lifted_by")
        user_id = url_kwargs(request)["object_id"]
        newest = Ban.objects.filter(user_id=user_id).values("pk")[:SHOWN]
        return shown.filter(pk__in=newest)


class ForceFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("force", "In force"), ("ending", "Ending"), ("over", "Over")]

    def queryset(self, request, queryset) -> QuerySet:
        if self.value() == "force":
            return queryset.in_force()
        if self.value() == "ending":
            return queryset.in_force().filter(until__isnull=False).order_by("until")
        if self.value() == "over":
            now = timezone.now()
            return queryset.filter(Q(ended_at__isnull=False) | Q(until__lte=now))
        return queryset


@admin.register(Ban)
class BanAdmin(OfBan, OfPerson):
    """All bans, the newest first. They are imposed on the pages of people."""

    list_display = [
        "created_at",
        "person",
        "in_force",
        "term",
        "reason",
        "imposed_by",
    ]
    list_filter = [ForceFilter]
    list_select_related = ["user", "author"]
    fields = readonly_fields = ("person", *BanInline.readonly_fields)
