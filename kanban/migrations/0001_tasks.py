import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Task",
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
                ("title", models.CharField(max_length=120)),
                ("description", models.CharField(blank=True, max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("todo", "Todo"),
                            ("in-progress", "In Progress"),
                            ("done", "Done"),
                        ],
                        default="todo",
                        max_length=11,
                    ),
                ),
                (
                    "is_completed",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("status", "done")),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        choices=[
                            ("low", "Low"),
                            ("medium", "Medium"),
                            ("high", "High"),
                        ],
                        default="medium",
                        max_length=6,
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "category",
                    models.CharField(blank=True, default="Work", max_length=120),
                ),
                (
                    "estimated_pomodoros",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                (
                    "session_count",
                    models.PositiveIntegerField(default=0, editable=False),
                ),
                ("pomodoro_correction", models.IntegerField(default=0, editable=False)),
                (
                    "completed_pomodoros",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Least(
                            django.db.models.functions.comparison.Greatest(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("session_count"),
                                    "+",
                                    models.F("pomodoro_correction"),
                                ),
                                0,
                            ),
                            1000,
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                (
                    "deadline",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                (
                    "due_date",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                ("is_all_day", models.BooleanField(default=False)),
                ("position", models.FloatField(default=0)),
                (
                    "completed_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
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
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["user", "-created_at", "-id"], name="kanban_task_newest"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("id", "user"), name="kanban_task_id_of_user"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("title", ""), _negated=True),
                        name="kanban_task_has_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["todo", "in-progress", "done"])
                        ),
                        name="kanban_task_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", ["low", "medium", "high"])),
                        name="kanban_task_priority_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tags__len__lte", 20)),
                        name="kanban_task_tags_at_most_20",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("estimated_pomodoros__range", (1, 100))),
                        name="kanban_task_estimate_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("completed_at__isnull", False), ("status", "done")
                            ),
                            models.Q(
                                models.Q(("status", "done"), _negated=True),
                                ("completed_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="kanban_task_completed_at_iff_done",
                    ),
                ],
            },
        ),
    ]
