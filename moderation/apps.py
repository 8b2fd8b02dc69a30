from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        # Imported here, because they need the models, which are loaded only now.
        from moderation import error_capture
        from moderation.audit import pages  # noqa: F401  # its receiver

        error_capture.watch()
