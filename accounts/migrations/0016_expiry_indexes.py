"""Add the indexes that find what has expired, for `manage.py prune`.

The one of sign-ins is built beside running workers; it stops nobody.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Least

# What an interrupted build leaves.
DROP_UNFINISHED = "DROP INDEX CONCURRENTLY IF EXISTS accounts_signin_ended"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0015_start_of_days")]

    operations = [
        migrations.AddIndex(
            model_name="emailchange",
            index=models.Index(
                fields=["expires_at"], name="accounts_emailchange_expiry"
            ),
        ),
        migrations.AddIndex(
            model_name="passwordreset",
            index=models.Index(
                fields=["expires_at"], name="accounts_passwordreset_expiry"
            ),
        ),
        migrations.RunSQL(DROP_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="signin",
            index=models.Index(
                Least("revoked_at", "expires_at"), name="accounts_signin_ended"
            ),
        ),
    ]
