from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.apps import AppConfig, apps

if TYPE_CHECKING:
    from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Before the site of the pages for staff is made, at its first use.
        site = "accounts.admin_site.StaffSite"
        cast("AdminConfig", apps.get_app_config("admin")).default_site = site
