"""Google accounts on staff's page about a person."""

from __future__ import annotations

from django.contrib import admin
from social_django.admin import Association, Nonce, UserSocialAuth

from accounts.admin_site import ReadOnly

# A link gives access to an account, so nobody makes one by hand; the other two tables
# belong to flows that are not used. The import registers all three.
admin.site.unregister([Association, Nonce, UserSocialAuth])


class LinkedAccountInline(ReadOnly, admin.TabularInline):
    """The Google accounts that open the person's account."""

    model = UserSocialAuth
    verbose_name = "linked account"
    fields = readonly_fields = ("provider", "uid", "created")
    ordering = ["id"]
    extra = 0
