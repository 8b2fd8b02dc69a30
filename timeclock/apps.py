from django.apps import AppConfig


class TimeclockConfig(AppConfig):
    name = "timeclock"
