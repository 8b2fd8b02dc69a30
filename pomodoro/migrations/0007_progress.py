"""Keep points and focus totals in the rows of `accounts_progress`.

They are copied in batches first. Then, in one transaction and with the table of
sessions locked against writes, those are copied again that have changed meanwhile, and
the triggers change: nothing that is logged is missed, and nobody waits for all rows.
"""

from django.db import migrations

from focusmaster.db.batches import execute_in_batches
from focusmaster.db.sql_files import read_sql

BATCH = 2000

LOCK = "LOCK TABLE pomodoro_pomodorosession IN SHARE ROW EXCLUSIVE MODE"
COPY = """
INSERT INTO accounts_progress (
    user_id, points, focus_seconds, focus_count, version, badges, badges_version
)
SELECT person.id, person.points, person.focus_seconds, person.focus_count,
    focus_version, person.badges, focus_version
FROM accounts_user AS person {which}
ON CONFLICT (user_id) DO UPDATE SET
    points = excluded.points, focus_seconds = excluded.focus_seconds,
    focus_count = excluded.focus_count, version = excluded.version,
    badges = excluded.badges, badges_version = excluded.badges_version
"""
COPY_BATCH = COPY.format(which="WHERE person.id = ANY(%s)")
COPY_CHANGED = COPY.format(
    which="""
LEFT JOIN accounts_progress AS progress ON progress.user_id = person.id
WHERE (progress.version, progress.points, progress.badges)
    IS DISTINCT FROM (focus_version, person.points, person.badges)
"""
)
COPY_BACK = """
UPDATE accounts_user SET
    points = progress.points, focus_seconds = progress.focus_seconds,
    focus_count = progress.focus_count, focus_version = progress.version,
    badges = progress.badges
FROM accounts_progress AS progress WHERE progress.user_id = accounts_user.id
"""


def copy(apps, schema_editor):
    people = apps.get_model("accounts", "User").objects.all()
    execute_in_batches(people, BATCH, COPY_BATCH)


def move(apps, schema_editor):
    run(schema_editor, LOCK, COPY_CHANGED, read_sql("pomodoro", "session_totals", 2))


def move_back(apps, schema_editor):
    run(schema_editor, LOCK, read_sql("pomodoro", "session_totals", 1), COPY_BACK)


def run(schema_editor, *statements):
    for statement in statements:
        # Without parameters a percent sign stands for itself.
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("pomodoro", "0006_sql_files"),
        ("accounts", "0008_progress"),
    ]

    operations = [
        migrations.RunPython(copy, migrations.RunPython.noop),
        migrations.RunPython(move, move_back, atomic=True),
    ]
