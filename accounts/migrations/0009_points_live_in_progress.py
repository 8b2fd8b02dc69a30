"""Drop the columns whose values pomodoro's 0007 has copied to `accounts_progress`.

Locks `accounts_user` for a moment; no row is rewritten.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_progress"),
        ("pomodoro", "0007_progress"),
    ]

    operations = [
        migrations.RemoveField(model_name="user", name=name)
        for name in (
            "badges",
            "focus_count",
            "focus_seconds",
            "focus_version",
            "points",
        )
    ]
