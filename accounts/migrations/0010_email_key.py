"""Add the key by which addresses are compared; a trigger keeps it from now on.

No row is rewritten.
"""

from django.db import migrations, models

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_points_live_in_progress")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_key",
            field=models.CharField(
                max_length=254, blank=True, editable=False, db_default=""
            ),
        ),
        InstallSQL(
            "email_key",
            version=1,
            reverse_sql="DROP FUNCTION accounts_user_email_key CASCADE",
        ),
    ]
