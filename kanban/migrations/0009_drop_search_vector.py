"""Drop the search for words that begin so, which `search_text` replaces."""

from django.db import migrations

from focusmaster.db.sql_files import read_sql

FUNCTIONS = """
DROP FUNCTION kanban_task_query;
DROP FUNCTION kanban_task_words;
DROP FUNCTION kanban_plain_words
"""


class Migration(migrations.Migration):
    dependencies = [("kanban", "0008_fill_search_text")]

    operations = [
        migrations.RemoveField(model_name="task", name="search"),
        migrations.RunSQL(FUNCTIONS, read_sql("kanban", "search", 1)),
    ]
