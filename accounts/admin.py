from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import Group

from accounts.models import User

# Roles say who may do what; nobody is in a group. (Imported from where it is
# registered, so that it has been.)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """People, to be found and looked at."""

    list_display = ["email", "name", "role", "status", "points", "created_at"]
    list_filter = ["role", "status", "is_guest"]
    ordering = ["-created_at"]
    search_fields = ["name", "email"]
    show_full_result_count = False
    exclude = ["password"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
