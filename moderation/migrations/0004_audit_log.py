import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0003_errors"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRecord",
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
                ("position", models.BigIntegerField()),
                (
                    "action",
                    models.CharField(max_length=40),
                ),
                ("actor_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("actor_name", models.TextField()),
                ("target_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("details", models.TextField()),
                ("metadata", models.JSONField()),
                ("ip_address", models.GenericIPAddressField(null=True)),
                ("user_agent", models.TextField()),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
            ],
            options={
                "ordering": ["-created_at", "-position"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="AuditArchive",
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
                ("first_position", models.BigIntegerField(unique=True)),
                ("last_position", models.BigIntegerField(unique=True)),
                ("last_hash", models.BinaryField(max_length=32)),
                ("file_name", models.CharField(max_length=100)),
                ("public_key", models.BinaryField(max_length=32)),
                ("signature", models.BinaryField(max_length=64)),
                (
                    "created_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("last_position__gte", models.F("first_position"))
                        ),
                        name="moderation_auditarchive_has_entries",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
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
                    "position",
                    models.BigIntegerField(db_default=0, editable=False, unique=True),
                ),
                (
                    "action",
                    models.CharField(max_length=40),
                ),
                ("actor_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("target_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("details", models.CharField(max_length=1000)),
                ("metadata", models.JSONField(default=dict)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("actor_digest", models.BinaryField(max_length=32, null=True)),
                ("target_digest", models.BinaryField(max_length=32, null=True)),
                ("previous_hash", models.BinaryField(db_default=b"")),
                ("hash", models.BinaryField(db_default=b"")),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(
                        fields=["-created_at", "-position"],
                        name="moderation_audit_newest",
                    ),
                    models.Index(
                        fields=["action", "-created_at", "-position"],
                        name="moderation_audit_of_action",
                    ),
                    models.Index(
                        fields=["actor_id", "-created_at", "-position"],
                        name="moderation_audit_of_actor",
                    ),
                    models.Index(
                        fields=["target_id", "-created_at", "-position"],
                        name="moderation_audit_of_target",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditParticulars",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "entry",
                        "part",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("part", models.CharField(max_length=6)),
                ("person_id", focusmaster.db.fields.ObjectIdField(null=True)),
                ("salt", models.BinaryField(max_length=16)),
                ("text", models.TextField()),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="particulars",
                        to="moderation.auditentry",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit particulars",
                "indexes": [
                    models.Index(
                        fields=["person_id"], name="moderation_audit_of_person"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("part__in", ["actor", "target"])),
                        name="moderation_auditparticulars_part_known",
                    )
                ],
            },
        ),
    ]
