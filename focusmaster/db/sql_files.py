"""SQL functions and triggers that stand in files: `<app>/sql/<name>.sql`.

A file holds the present text, begins with `-- version N`, and replaces what it creates,
so it can run again. To change one: copy it to `<app>/sql/history/<name>.<N>.sql`, edit
it, raise its version, and add a migration with `InstallSQL`. A test compares the
migrated database with the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


def read_sql(app_label: str, name: str, version: int) -> str:
    """Return the text of that version of an app's file, the present one or an older.

    Raises LookupError if no file has that version.
    """
    folder = Path(apps.get_app_config(app_label).path) / "sql"
    for path in folder / f"{name}.sql", folder / "history" / f"{name}.{version}.sql":
        text = path.read_text() if path.exists() else ""
        if text.startswith(f"-- version {version}\n"):
            return text
    raise LookupError(f"{folder / name}.sql has no version {version}.")


class InstallSQL(Operation):
    """Run a version of an SQL file of the migration's app.

    Backwards, run the version before it, if there is one, and then `reverse_sql`, which
    drops what this version is the first to create.
    """

    reduces_to_sql = True

    def __init__(self, name: str, *, version: int, reverse_sql: str = "") -> None:
        self.name = name
        self.version = version
        self.reverse_sql = reverse_sql

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        sql = read_sql(app_label, self.name, self.version)
        # Without parameters a percent sign stands for itself.
        schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if self.version > 1:
            sql = read_sql(app_label, self.name, self.version - 1)
            schema_editor.execute(sql, params=None)
        if self.reverse_sql:
            schema_editor.execute(self.reverse_sql, params=None)

    def describe(self) -> str:
        return f"Install version {self.version} of sql/{self.name}.sql"
