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


class Migration(migrations.Migration):
    dependencies = [("kanban", "0003_board_order")]

    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION kanban_task_words"),
        migrations.AddField(
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
        ),
    ]
