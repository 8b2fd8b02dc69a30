from django.apps import AppConfig


class FocusMasterConfig(AppConfig):
    name = "focusmaster"
