"""Give people with a zone for machines, such as Factory, what it showed: UTC."""

from django.db import migrations


def use_utc(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects
    machines = r"^(Factory|localtime|posixrules|(posix|right)/.*)$"
    users.filter(timezone__regex=machines).update(timezone="UTC")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_normalize_names")]

    operations = [migrations.RunPython(use_utc, migrations.RunPython.noop)]
