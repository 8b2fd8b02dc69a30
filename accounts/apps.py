from django.apps import AppConfig, apps


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Before the site of the pages for staff is made, at its first use.
        apps.get_app_config("admin").default_site = "accounts.admin_site.StaffSite"
