import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="SpotifyLink",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="spotify_link",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("encrypted_tokens", models.TextField()),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        default=list,
                        size=None,
                    ),
                ),
                ("expires_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("linked_at", focusmaster.db.fields.MillisecondDateTimeField()),
            ],
            options={
                "verbose_name": "Spotify link",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("encrypted_tokens__startswith", "gAAAAA")),
                        name="integrations_spotifylink_tokens_encrypted",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsedSpotifyState",
            fields=[
                (
                    "nonce",
                    models.CharField(max_length=32, primary_key=True, serialize=False),
                ),
                ("expires_at", focusmaster.db.fields.MillisecondDateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["expires_at"], name="integrations_usedstate_expires"
                    )
                ],
            },
        ),
    ]
