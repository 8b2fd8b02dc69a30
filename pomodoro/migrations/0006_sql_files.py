"""Replace the triggers of 0002, 0003 and 0005 by those of a file.

The new ones keep the same totals, under new names, and share the statements that add to
a total.
"""

from importlib import import_module

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL

before = [
    import_module(f"pomodoro.migrations.{name}").Migration.operations
    for name in (
        "0002_session_worth",
        "0003_focus_version",
        "0005_worth_of_one_session",
    )
]
# The first operation of 0002 adds a constraint.
_, *created = before[0]

DROP = """
DROP TRIGGER pomodoro_session_totals_insert ON pomodoro_pomodorosession;
DROP TRIGGER pomodoro_session_totals_update ON pomodoro_pomodorosession;
DROP TRIGGER pomodoro_session_totals_delete ON pomodoro_pomodorosession;
DROP FUNCTION
    pomodoro_session_totals_insert,
    pomodoro_session_totals_update,
    pomodoro_session_totals_delete,
    pomodoro_add_to_user,
    pomodoro_add_to_task
"""


class Migration(migrations.Migration):
    dependencies = [("pomodoro", "0005_worth_of_one_session")]

    operations = [
        migrations.RunSQL(
            [operation.reverse_sql for operation in created],
            [operation.sql for operation in (*created, *before[1], *before[2])],
        ),
        InstallSQL("session_totals", version=1, reverse_sql=DROP),
    ]
