import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_focus_version"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkLog",
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
                ("started_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "ended_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                (
                    "duration",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("ended_at"),
                            models.F("started_at"),
                            arg_joiner=" - ",
                            output_field=models.IntegerField(),
                            template="round(extract(epoch FROM %(expressions)s))"
                            "::bigint",
                        ),
                        null=True,
                        output_field=models.BigIntegerField(),
                    ),
                ),
                (
                    "break_seconds",
                    models.PositiveIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(86400)],
                    ),
                ),
                (
                    "break_started_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, editable=False, null=True
                    ),
                ),
                (
                    "break_ended_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, editable=False, null=True
                    ),
                ),
                ("notes", models.CharField(blank=True, max_length=2000)),
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
                        related_name="work_logs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["user", "-started_at", "-id"],
                        name="timeclock_worklog_newest",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("user",),
                        name="timeclock_worklog_one_open_per_user",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            ("ended_at__gte", models.F("started_at")),
                            _connector="OR",
                        ),
                        name="timeclock_worklog_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("break_seconds__range", (0, 86400))),
                        name="timeclock_worklog_break_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            ("ended_at__lt", models.F("started_at")),
                            ("break_seconds__lte", models.F("duration")),
                            _connector="OR",
                        ),
                        name="timeclock_worklog_break_within_duration",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            ("break_started_at", None),
                            _connector="OR",
                        ),
                        name="timeclock_worklog_break_runs_only_in_open",
                    ),
                ],
            },
        ),
    ]
