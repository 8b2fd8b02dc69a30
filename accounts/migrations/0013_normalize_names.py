"""Bring names into NFC, in which they are compared from now on.

It looks through all of them in batches, each a transaction, and writes few rows.
"""

from django.db import migrations

from focusmaster.db.batches import execute_in_batches

BATCH = 2000

NORMALIZE = """
UPDATE accounts_user SET name = left(normalize(name), 100)
WHERE id = ANY(%s) AND name IS NOT NFC NORMALIZED
"""


def normalize(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.all()
    execute_in_batches(users, BATCH, NORMALIZE)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0012_email_key_unique")]

    operations = [migrations.RunPython(normalize, migrations.RunPython.noop)]
