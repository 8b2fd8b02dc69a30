"""Fill the text in which a search looks, for the tasks that are there.

Rows are written in batches, each a transaction, so that no write waits for all of them.
"""

from django.db import migrations
from django.db.models import F

from focusmaster.db.batches import update_in_batches

BATCH = 500


def fill(apps, schema_editor):
    without = apps.get_model("kanban", "Task").objects.filter(search_text="")
    update_in_batches(without, BATCH, title=F("title"))  # The trigger fills it.


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("kanban", "0007_search_text")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
