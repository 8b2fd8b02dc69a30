"""Add an index that holds all that summaries of focus sessions read.

A person's sessions lie in the table in the order in which everybody's came, each on a
page of its own. Ten years of them were 36 500 pages, and are some hundred of the index.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kanban", "0001_tasks"),
        ("pomodoro", "0003_focus_version"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="pomodorosession",
            # Serves the sums of pomodoro.totals over a long history.
            index=models.Index(
                condition=models.Q(("type", "focus")),
                fields=["user", "started_at"],
                include=("duration", "completed", "mood", "task"),
                name="pomodoro_session_focus",
            ),
        ),
    ]
