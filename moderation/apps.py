from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        # Imported here: they need the models, which are there only now.
        from moderation import error_capture
        from moderation.audit import admin_hook

        error_capture.watch()
        admin_hook.watch()
