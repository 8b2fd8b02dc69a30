from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_spotify_links"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SpotifyPause",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("until", focusmaster.db.fields.MillisecondDateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="spotifylink",
            name="following_until",
            field=focusmaster.db.fields.MillisecondDateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="spotifylink",
            name="phase",
            field=models.CharField(
                blank=True,
                choices=[("focus", "Focus"), ("break", "Break"), ("stop", "Stop")],
                db_default="",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="spotifylink",
            name="phase_at",
            field=focusmaster.db.fields.MillisecondDateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="spotifylink",
            name="phase_number",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="spotifylink",
            name="renewing_until",
            field=focusmaster.db.fields.MillisecondDateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="spotifylink",
            index=models.Index(
                condition=models.Q(("phase", ""), _negated=True),
                fields=["phase_at"],
                name="integrations_link_phase_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="spotifylink",
            constraint=models.CheckConstraint(
                condition=models.Q(("phase__in", ["", "focus", "break", "stop"])),
                name="integrations_spotifylink_phase",
            ),
        ),
        migrations.AddConstraint(
            model_name="spotifylink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("phase", ""), ("phase_at__isnull", False), _connector="OR"
                ),
                name="integrations_spotifylink_phase_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="spotifypause",
            constraint=models.CheckConstraint(
                condition=models.Q(("id", 1)), name="integrations_spotifypause_one_row"
            ),
        ),
    ]
