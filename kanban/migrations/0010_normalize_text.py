"""Bring the text of tasks into NFC, in which filters compare it from now on.

Writes only the few rows that have text in another form; two tags that become one are
one. It looks through all of them in batches, each a transaction.
"""

from django.db import migrations

from focusmaster.db.batches import execute_in_batches

BATCH = 2000

NORMALIZE = """
UPDATE kanban_task SET
    title = left(normalize(title), 120),
    description = left(normalize(description), 2000),
    category = left(normalize(category), 120),
    tags = ARRAY(
        SELECT tag FROM (
            SELECT left(normalize(given), 50) AS tag, min(place) AS place
            FROM unnest(tags) WITH ORDINALITY AS listed (given, place) GROUP BY 1
        ) AS normal ORDER BY place
    )
WHERE id = ANY(%s) AND (
    title IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED
    OR category IS NOT NFC NORMALIZED
    OR array_to_string(tags, ' ') IS NOT NFC NORMALIZED
)
"""


def normalize(apps, schema_editor):
    tasks = apps.get_model("kanban", "Task").objects.all()
    execute_in_batches(tasks, BATCH, NORMALIZE)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("kanban", "0009_drop_search_vector")]

    operations = [migrations.RunPython(normalize, migrations.RunPython.noop)]
