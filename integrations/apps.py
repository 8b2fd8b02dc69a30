from __future__ import annotations

from django.apps import AppConfig

from focusmaster.signals import worker_started


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        from integrations.focus import start_taking_up

        worker_started.connect(start_taking_up)
