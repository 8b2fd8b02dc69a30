from django.apps import AppConfig, apps


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Before the pages for staff are first looked at, which makes their site.
        apps.get_app_config("admin").default_site = "accounts.admin_site.StaffSite"
