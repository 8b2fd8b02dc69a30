"""Give the user a new `focus_version` whenever one of their focus sessions changes.

The functions are those of 0002, but that they pass over no change: one that leaves
points and totals as they were, such as another day, counts too.
"""

from importlib import import_module

from django.db import migrations

before = import_module("pomodoro.migrations.0002_session_worth")

FUNCTION = before.TRIGGER.partition("CREATE TRIGGER")[0].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
ONLY_IF_WORTH_CHANGES = "        WHERE number <> 0 OR seconds <> 0 OR completed <> 0\n"
LAST_COLUMN = "focus_seconds = focus_seconds + locked.seconds"
VERSION = "focus_version = extract(epoch FROM clock_timestamp()) * 1000000"
VERSIONED = FUNCTION.replace(ONLY_IF_WORTH_CHANGES, "").replace(
    LAST_COLUMN, f"{LAST_COLUMN},\n        {VERSION}"
)


class Migration(migrations.Migration):
    dependencies = [
        ("pomodoro", "0002_session_worth"),
        ("accounts", "0002_focus_version"),
    ]

    operations = [
        migrations.RunSQL(
            VERSIONED.format(event=event, rows=rows),
            FUNCTION.format(event=event, rows=rows),
        )
        for event, (_, rows) in before.EVENTS.items()
    ]
