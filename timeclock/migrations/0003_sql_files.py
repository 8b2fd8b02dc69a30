"""Install the function of 0002 from its file.

Going back leaves it, because 0002 made the same one and drops it.
"""

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("timeclock", "0002_no_overlap")]

    operations = [InstallSQL("no_overlap", version=1)]
