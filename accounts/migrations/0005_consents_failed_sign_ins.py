import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields

# Staff's list offers months and days; without these PostgreSQL takes each moment for
# one of its own, and sorts all rows to find the few days.
DAYS = """
CREATE STATISTICS accounts_failedsignin_days
    ON (date_trunc('day', created_at AT TIME ZONE 'UTC')) FROM accounts_failedsignin;
CREATE STATISTICS accounts_failedsignin_months
    ON (date_trunc('month', created_at AT TIME ZONE 'UTC')) FROM accounts_failedsignin
"""
NO_DAYS = """
DROP STATISTICS accounts_failedsignin_days;
DROP STATISTICS accounts_failedsignin_months
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_email_changes_and_password_resets")]

    operations = [
        migrations.CreateModel(
            name="Consent",
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
                ("essential", models.BooleanField()),
                ("analytics", models.BooleanField()),
                ("marketing", models.BooleanField()),
                (
                    "decided_at",
                    focusmaster.db.fields.MillisecondDateTimeField(null=True),
                ),
                ("ip_address", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=500)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["created_at"],
                        condition=models.Q(("user", None)),
                        name="accounts_consent_anonymous",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FailedSignIn",
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
                ("name_digest", models.CharField(blank=True, max_length=16)),
                (
                    "where",
                    models.CharField(
                        choices=[
                            ("api", "Api"),
                            ("admin", "Admin"),
                            ("google", "Google"),
                        ],
                        max_length=6,
                    ),
                ),
                ("device", models.CharField(max_length=100)),
                ("ip_address", models.GenericIPAddressField(null=True)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="failed_sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "failed sign-in",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("where__in", ["api", "admin", "google"])),
                        name="accounts_failedsignin_where_known",
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["created_at"], name="accounts_failedsignin_age"
                    ),
                    models.Index(
                        fields=["ip_address"], name="accounts_failedsignin_address"
                    ),
                    models.Index(
                        fields=["name_digest"], name="accounts_failedsignin_name"
                    ),
                ],
            },
        ),
        migrations.RunSQL(DAYS, NO_DAYS),
        migrations.AlterModelOptions("signin", {"verbose_name": "sign-in"}),
    ]
