"""Bring names into NFC, in which they are compared from now on. It writes few rows."""

from django.db import migrations

NORMALIZE = """
UPDATE accounts_user SET name = left(normalize(name), 100)
WHERE name IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_email_key_unique")]

    operations = [migrations.RunSQL(NORMALIZE, migrations.RunSQL.noop)]
