"""Have the key of an address be unique, instead of the address in lower case."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_fill_email_key")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=["email_key"],
                condition=models.Q(("email_key", ""), _negated=True),
                name="accounts_user_email_key_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", ""), ("email_key", ""), _connector="OR", _negated=True
                )
                | models.Q(("email", ""), ("email_key", "")),
                name="accounts_user_email_has_key",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="user", name="accounts_user_email_unique"
        ),
    ]
