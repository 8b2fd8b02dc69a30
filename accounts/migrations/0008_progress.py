"""Give each person a narrow row for points, focus totals and badges.

A trigger makes the rows of new users. Those of the others come with the triggers on
sessions, in pomodoro's 0007. Locks nothing that is in use.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_guests_newest_first")]

    operations = [
        migrations.CreateModel(
            name="Progress",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="progress",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("points", models.PositiveIntegerField(default=0)),
                ("focus_seconds", models.PositiveBigIntegerField(default=0)),
                ("focus_count", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveBigIntegerField(default=0)),
                (
                    "badges",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("badges_version", models.PositiveBigIntegerField(default=0)),
            ],
            options={"verbose_name_plural": "progress"},
        ),
        InstallSQL(
            "progress",
            version=1,
            reverse_sql="DROP TRIGGER accounts_user_progress ON accounts_user; "
            "DROP FUNCTION accounts_user_progress();",
        ),
    ]
