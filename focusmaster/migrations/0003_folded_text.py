from django.db import migrations

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [("focusmaster", "0002_stored_answers")]

    operations = [
        InstallSQL(
            "folded_text",
            version=1,
            reverse_sql="""
                DROP FUNCTION focusmaster_search_patterns;
                DROP FUNCTION focusmaster_folded
            """,
        )
    ]
