import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("kanban", "0001_tasks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PomodoroSession",
            fields=[
                (
                    "id",
                    focusmaster.db.fields.ObjectIdPrimaryKey(
                        default=focusmaster.db.fields.new_object_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("focus", "Focus"),
                            ("shortBreak", "Short Break"),
                            ("longBreak", "Long Break"),
                        ],
                        max_length=10,
                    ),
                ),
                ("started_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "ended_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                (
                    "duration",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MaxValueValidator(86400)]
                    ),
                ),
                (
                    "mood",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("happy", "Happy"),
                            ("neutral", "Neutral"),
                            ("sad", "Sad"),
                            ("focused", "Focused"),
                            ("distracted", "Distracted"),
                            ("great", "Great"),
                            ("good", "Good"),
                            ("tired", "Tired"),
                        ],
                        max_length=10,
                        null=True,
                    ),
                ),
                ("completed", models.BooleanField(default=True)),
                (
                    "created_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "updated_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sessions",
                        to="kanban.task",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["user", "-started_at", "-id"],
                        name="pomodoro_session_newest",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("type__in", ["focus", "shortBreak", "longBreak"])
                        ),
                        name="pomodoro_session_type_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "mood__in",
                                [
                                    "happy",
                                    "neutral",
                                    "sad",
                                    "focused",
                                    "distracted",
                                    "great",
                                    "good",
                                    "tired",
                                ],
                            )
                        ),
                        name="pomodoro_session_mood_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("duration__range", (0, 86400))),
                        name="pomodoro_session_duration_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            ("ended_at__gte", models.F("started_at")),
                            _connector="OR",
                        ),
                        name="pomodoro_session_ends_after_start",
                    ),
                ],
            },
        ),
    ]
