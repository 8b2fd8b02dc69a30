from django.db import migrations, models

# Not written to the log that a crash is recovered from: a counter is lost then, at
# worst, and each request is spared the writing. Half-empty pages leave room for the
# next version of a row beside it, so that no index changes.
UNLOGGED = "ALTER TABLE focusmaster_counter SET UNLOGGED, SET (fillfactor = 50)"


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                (
                    "key",
                    models.CharField(max_length=255, primary_key=True, serialize=False),
                ),
                ("count", models.PositiveBigIntegerField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["expires_at"], name="focusmaster_counter_expiry"
                    )
                ],
            },
        ),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
    ]
