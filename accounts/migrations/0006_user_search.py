from django.db import migrations, models
from django.db.models.functions import Collate, Lower


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_consents_failed_sign_ins")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                Collate(Lower("email"), "C"), name="accounts_user_email_prefix"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                Collate(Lower("name"), "C"), name="accounts_user_name_prefix"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("role", "admin")),
                fields=["-id"],
                name="accounts_user_admins",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("status", "active"), _negated=True),
                fields=["status", "-id"],
                name="accounts_user_not_active",
            ),
        ),
    ]
