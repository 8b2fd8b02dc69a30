from __future__ import annotations

from pathlib import Path

from django.apps import apps
from django.db import migrations


class InstallSQL(migrations.RunSQL):
    def __init__(self, app_label: str, name: str, version: int, reverse_sql=None):
        path = Path(apps.get_app_config(app_label).path) / "sql" / f"{name}.sql"
        super().__init__(path.read_text(), reverse_sql)
