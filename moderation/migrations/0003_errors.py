import django.db.models.deletion
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0002_feedback"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErrorGroup",
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
                ("fingerprint", models.BinaryField(max_length=32, unique=True)),
                ("count", models.PositiveBigIntegerField()),
                ("first_seen_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("last_seen_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("message", models.CharField(max_length=500)),
                ("stack", models.TextField()),
                ("path", models.CharField(max_length=500)),
                ("method", models.CharField(max_length=10)),
                ("status_code", models.PositiveSmallIntegerField()),
                ("user_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("request_id", models.CharField(max_length=128)),
            ],
            options={
                "ordering": ["-last_seen_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["-last_seen_at", "-id"], name="moderation_error_newest"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ErrorOccurrence",
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
                ("message", models.CharField(max_length=500)),
                ("path", models.CharField(max_length=500)),
                ("method", models.CharField(max_length=10)),
                ("user_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("request_id", models.CharField(max_length=128)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="occurrences",
                        to="moderation.errorgroup",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["group", "-created_at"],
                        name="moderation_error_of_group",
                    ),
                    models.Index(fields=["created_at"], name="moderation_error_by_age"),
                    models.Index(
                        fields=["request_id"], name="moderation_error_request"
                    ),
                ],
            },
        ),
    ]
