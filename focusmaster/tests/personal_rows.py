"""Rows of a person in every model that leads to one."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from accounts.models import User


def make_rows(user: User) -> None:
    """Make rows of the user's in every model that leads to one."""
    for app in apps.get_app_configs():
        tests = f"{app.name}.tests"
        if module_has_submodule(app.module, "tests") and module_has_submodule(
            import_module(tests), "rows"
        ):
            import_module(f"{tests}.rows").make_rows(user)
