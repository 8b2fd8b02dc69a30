"""Give each account the key of its address, and name those that share a mailbox.

Two accounts whose addresses are spellings of one mailbox both stay and work. The one
that has the spelling in ASCII, else the oldest, gets the key, and with it every
spelling; the other is found by exactly its own spelling. `manage.py shared_mailboxes`
lists them at any time.

Rows are written in batches, each a transaction, so that nobody waits for all of them.
"""

import sys

from django.db import migrations
from django.db.models import F

from accounts.addresses import email_key
from focusmaster.db.batches import update_in_batches

BATCH = 1000


def fill(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects
    without = users.filter(email_key="").exclude(email="")
    update_in_batches(without, BATCH, email=F("email"))  # The trigger gives the key.


def fill_unicode(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.order_by("pk")
    for pk, email in users.filter(email__regex="[^\x01-\x7f]").values_list(
        "pk", "email"
    ):
        key = email_key(email)
        owner = users.filter(email_key=key).exclude(pk=pk).first()
        if owner is None:
            users.filter(pk=pk).update(email_key=key)
        else:
            sys.stdout.write(
                f"\n    The accounts {owner.pk} and {pk} have one mailbox; the second"
                " is found by exactly its own spelling of the address."
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0010_email_key")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(fill_unicode, migrations.RunPython.noop),
    ]
