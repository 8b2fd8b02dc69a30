"""Google accounts on staff's page about a person."""

from __future__ import annotations

from django.contrib import admin
from social_django.admin import Association, Nonce, UserSocialAuth

from accounts.admin_site import ReadOnly

# Whoever could link a Google account to somebody would get into their account; the
# other two tables are of flows that there are not. (Imported from where they are
# registered, so that they have been.)
admin.site.unregister([Association, Nonce, UserSocialAuth])


class LinkedAccountInline(ReadOnly, admin.TabularInline):
    """The Google accounts that open the person's account."""

    model = UserSocialAuth
    verbose_name = "linked account"
    fields = readonly_fields = ["provider", "uid", "created"]
    ordering = ["id"]
    extra = 0
