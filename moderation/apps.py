from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        # Imported here: they need the models, which are there only now.
        from moderation import admin_audit, crashes

        crashes.watch()
        admin_audit.watch()
