from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction

from accounts.admin_site import ReadOnlyAdmin
from integrations.models import SpotifyLink


@admin.register(SpotifyLink)
class SpotifyLinkAdmin(ReadOnlyAdmin):
    """Links to Spotify: read-only, but staff may end them."""

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
        ids = [link.pk for link in self.few(request, queryset)]
        if not ids:
            return
        with transaction.atomic():
            mine = SpotifyLink.objects.filter(pk__in=ids).select_related("user")
            locked = mine.order_by("pk").select_for_update(of=["self"], no_key=True)
            links = list(locked)
            mine.delete()
            self.log_deletions(request, links)
        self.message_user(
            request, f"Unlinked {len(links)} from Spotify.", messages.SUCCESS
        )
