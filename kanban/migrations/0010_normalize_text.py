"""Bring the text of tasks into NFC, in which filters compare it from now on.

Writes only the few rows that have text in another form; two tags that become one are
one.
"""

from django.db import migrations

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
WHERE title IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED
    OR category IS NOT NFC NORMALIZED
    OR array_to_string(tags, ' ') IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [("kanban", "0009_drop_search_vector")]

    operations = [migrations.RunSQL(NORMALIZE, migrations.RunSQL.noop)]
