import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0001_bans"),
    ]

    operations = [
        migrations.CreateModel(
            name="Feedback",
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
                            ("bug", "Bug"),
                            ("feature", "Feature"),
                            ("general", "General"),
                        ],
                        default="general",
                        max_length=7,
                    ),
                ),
                ("category", models.CharField(blank=True, max_length=50)),
                ("message", models.CharField(max_length=4000)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("device_info", models.JSONField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("in-progress", "In Progress"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                        ],
                        default="new",
                        max_length=11,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=4000)),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feedback",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="FeedbackReply",
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
                ("message", models.CharField(max_length=4000)),
                (
                    "created_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
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
                    "feedback",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replies",
                        to="moderation.feedback",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feedback replies",
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                fields=["-created_at", "-id"], name="moderation_feedback_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                fields=["status", "-created_at", "-id"],
                name="moderation_feedback_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(
                    ("user", None), models.Q(("email", ""), _negated=True)
                ),
                name="moderation_feedback_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", ["bug", "feature", "general"])),
                name="moderation_feedback_type_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["new", "in-progress", "resolved", "closed"])
                ),
                name="moderation_feedback_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("message", ""), _negated=True),
                name="moderation_feedback_has_message",
            ),
        ),
    ]
