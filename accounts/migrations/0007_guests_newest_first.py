from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_user_search")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_guest", True)),
                fields=["-id"],
                name="accounts_user_guests",
            ),
        ),
    ]
