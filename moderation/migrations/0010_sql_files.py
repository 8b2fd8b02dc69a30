"""Install the functions and triggers of 0005 and 0006 from their files.

Going back leaves them, because these made the same ones and drop them.
"""

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("moderation", "0009_rename_models")]

    operations = [
        InstallSQL("audit_chain", version=1),
        InstallSQL("audit_guards", version=1),
        InstallSQL("audit_archives", version=1),
        InstallSQL("people_search", version=1),
    ]
