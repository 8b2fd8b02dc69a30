from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction

from accounts.admin_site import ReadOnlyAdmin
from integrations.models import SpotifyLink


@admin.register(SpotifyLink)
class SpotifyLinkAdmin(ReadOnlyAdmin):
    """Who has connected Spotify: to be looked at, and to be ended."""

    actions = ["unlink"]
    fields = ["user", "scopes", "linked_at"]
    list_display = ["user", "scopes", "linked_at"]
    list_select_related = ["user"]
    ordering = ["-pk"]
    search_fields = ["user__email"]
    search_help_text = "The whole email of a person."

    def has_unlink_permission(self, request) -> bool:
        return request.user.is_staff

    @admin.action(description="Unlink from Spotify", permissions=["unlink"])
    def unlink(self, request, queryset) -> None:
        with transaction.atomic():
            links = list(queryset.select_for_update(of=["self"], no_key=True))
            self.log_deletions(request, links)
            queryset.filter(pk__in=[link.pk for link in links]).delete()
        self.message_user(
            request, f"Unlinked {len(links)} from Spotify.", messages.SUCCESS
        )
