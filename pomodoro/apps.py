from django.apps import AppConfig


class PomodoroConfig(AppConfig):
    name = "pomodoro"
