"""Rename two models; their tables, constraints, triggers and grants keep their names.

As the tables are named first, no operation runs SQL on them. The content types follow.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0008_usage_counted_at")]

    operations = [
        migrations.AlterModelTable("AuditParticulars", "moderation_auditparticulars"),
        migrations.RenameModel("AuditParticulars", "AuditPersonalDetails"),
        migrations.AlterModelOptions(
            "AuditPersonalDetails", {"verbose_name_plural": "audit personal details"}
        ),
        migrations.AlterField(
            "AuditPersonalDetails",
            "entry",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="personal_details",
                to="moderation.auditentry",
            ),
        ),
        migrations.AlterModelTable("DailyUse", "moderation_dailyuse"),
        migrations.RenameModel("DailyUse", "DailyActivity"),
    ]
