"""Install the functions of 0004 and 0005 from their file.

Going back leaves them, because these made the same ones and drop them.
"""

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("kanban", "0005_search_plain_words")]

    operations = [InstallSQL("search", version=1)]
