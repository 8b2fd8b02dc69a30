"""Take ids out of the paths of stored errors, and call guests there as logs do."""

from django.db import migrations
from django.db.models import F, Func, Value

from accounts.models.user_queries import naming_key
from focusmaster.db.digests import keyed_digest
from focusmaster.encryption import secret_keys


def take_out_ids(apps, schema_editor):
    guests = apps.get_model("accounts", "User").objects.filter(is_guest=True)
    key = naming_key(secret_keys()[0])
    for name in ("ErrorGroup", "ErrorOccurrence"):
        errors = apps.get_model("moderation", name).objects
        ids = (Value("[0-9a-fA-F]{24,}"), Value("{id}"), Value("g"))
        errors.update(path=Func(F("path"), *ids, function="regexp_replace"))
        of_guests = errors.filter(user_id__in=guests.values("pk"))
        for guest in set(of_guests.values_list("user_id", flat=True)):
            called = keyed_digest(key, guest)
            errors.filter(user_id=guest).update(user_id=called)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_start_of_days"),
        ("moderation", "0011_search_any_part"),
    ]

    operations = [
        migrations.RunPython(take_out_ids, migrations.RunPython.noop, elidable=True)
    ]
