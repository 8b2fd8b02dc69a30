import django.db.models.deletion
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
            name="Ban",
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
                    "status",
                    models.CharField(
                        choices=[("banned", "Banned"), ("suspended", "Suspended")],
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "until",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                ("operator", models.CharField(blank=True, max_length=100)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "ended_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                ("lift_operator", models.CharField(blank=True, max_length=100)),
                ("lift_reason", models.CharField(blank=True, max_length=500)),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bans",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("ended_at", None), ("until__isnull", False)
                        ),
                        fields=["until"],
                        name="moderation_ban_ending",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("user",),
                        name="moderation_ban_one_unended_per_user",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["banned", "suspended"])),
                        name="moderation_ban_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("status", "suspended"), _connector="OR"
                        ),
                        name="moderation_ban_only_suspension_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None),
                            ("until__gt", models.F("created_at")),
                            _connector="OR",
                        ),
                        name="moderation_ban_ends_after_start",
                    ),
                ],
            },
        ),
    ]
