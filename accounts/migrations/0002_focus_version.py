from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="focus_version",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
    ]
