"""Keep what busy days had, and find what belongs to a day among millions of rows."""

from django.db import migrations, models

# Of tables of other apps, but only staff's numbers ask by them.
INDEXES = """
CREATE INDEX moderation_session_by_day
    ON pomodoro_pomodorosession (started_at, user_id);
CREATE INDEX moderation_signin_by_use ON accounts_signin (last_used_at, user_id)
"""
DROP = """
DROP INDEX moderation_session_by_day;
DROP INDEX moderation_signin_by_use
"""


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0006_people_search"),
        ("pomodoro", "0001_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("sessions", models.PositiveIntegerField()),
                ("visitors", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("starts_at", "ends_at"),
                        name="moderation_dailyuse_unique",
                    )
                ],
            },
        ),
        migrations.RunSQL(INDEXES, DROP),
    ]
