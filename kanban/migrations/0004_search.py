"""Add the words of a task, for a search that 0009 drops again.

In the database the column stays empty: to generate it would rewrite all tasks, while
nobody can write any, for a search that no code uses any more.
"""

import django.contrib.postgres.search
from django.db import migrations, models

# Words as they are typed, in whatever language: nothing is stemmed or left out. To
# PostgreSQL array_to_string is not immutable, for it might be given other types.
WORDS = """
CREATE FUNCTION kanban_task_words(
    title varchar, tags varchar[], category varchar, description varchar
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('simple', title), 'A')
        || setweight(to_tsvector('simple', array_to_string(tags, ' ')), 'B')
        || setweight(to_tsvector('simple', category), 'C')
        || setweight(to_tsvector('simple', description), 'D')
$$
"""

EMPTY_COLUMN = "ALTER TABLE kanban_task ADD COLUMN search tsvector"
DROP_COLUMN = "ALTER TABLE kanban_task DROP COLUMN search"
SEARCH = migrations.AddField(
    model_name="task",
    name="search",
    field=models.GeneratedField(
        db_persist=True,
        expression=models.Func(
            "title",
            "tags",
            "category",
            "description",
            function="kanban_task_words",
            output_field=django.contrib.postgres.search.SearchVectorField(),
        ),
        output_field=django.contrib.postgres.search.SearchVectorField(),
    ),
)


class Migration(migrations.Migration):
    dependencies = [("kanban", "0003_board_order")]

    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION kanban_task_words"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EMPTY_COLUMN, DROP_COLUMN)],
            state_operations=[SEARCH],
        ),
    ]
