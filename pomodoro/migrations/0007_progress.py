"""Keep points and focus totals in the rows of `accounts_progress`.

Copies them and changes the triggers in one transaction, with the table of sessions
locked against writes: nothing that is logged meanwhile is missed. It reads and writes
one row for each person.
"""

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL

LOCK = "LOCK TABLE pomodoro_pomodorosession IN SHARE ROW EXCLUSIVE MODE"
COPY = """
INSERT INTO accounts_progress (
    user_id, points, focus_seconds, focus_count, version, badges, badges_version
)
SELECT id, points, focus_seconds, focus_count, focus_version, badges, focus_version
FROM accounts_user
ON CONFLICT (user_id) DO UPDATE SET
    points = excluded.points, focus_seconds = excluded.focus_seconds,
    focus_count = excluded.focus_count, version = excluded.version,
    badges = excluded.badges, badges_version = excluded.badges_version
"""
COPY_BACK = """
UPDATE accounts_user SET
    points = progress.points, focus_seconds = progress.focus_seconds,
    focus_count = progress.focus_count, focus_version = progress.version,
    badges = progress.badges
FROM accounts_progress AS progress WHERE progress.user_id = accounts_user.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pomodoro", "0006_sql_files"),
        ("accounts", "0008_progress"),
    ]

    operations = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.RunSQL(COPY, COPY_BACK),
        InstallSQL("session_totals", version=2),
        migrations.RunSQL(migrations.RunSQL.noop, LOCK),
    ]
