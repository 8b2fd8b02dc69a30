"""Fill the text in which a search looks, for the tasks that are there.

Rows are written in batches, each a transaction, so that no write waits for all of them.
"""

from django.db import migrations
from django.db.models import F

BATCH = 2000


def fill(apps, schema_editor):
    tasks = apps.get_model("kanban", "Task").objects.order_by("pk")
    last = None
    while True:
        rest = tasks if last is None else tasks.filter(pk__gt=last)
        ids = list(rest.values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        last = ids[-1]
        # The trigger fills it.
        batch = tasks.filter(pk__in=ids, search_text="").order_by()
        batch.update(title=F("title"))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("kanban", "0007_search_text")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
