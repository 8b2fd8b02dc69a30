"""Add the text in which a search looks; a trigger keeps it from now on.

No row is rewritten.
"""

from django.db import migrations, models

from focusmaster.db.sql_files import InstallSQL


class Migration(migrations.Migration):
    dependencies = [
        ("kanban", "0006_sql_files"),
        ("focusmaster", "0003_folded_text"),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="search_text",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        InstallSQL(
            "search_text",
            version=1,
            reverse_sql="DROP FUNCTION kanban_task_search_text CASCADE",
        ),
    ]
