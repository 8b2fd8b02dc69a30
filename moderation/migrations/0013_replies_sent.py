"""Tell replies that have left from those that have not: until now all kept had left."""

from django.db import migrations, models

import focusmaster.dates.rfc3339
import focusmaster.db.fields


def mark_sent(apps, schema_editor) -> None:
    replies = apps.get_model("moderation", "FeedbackReply").objects
    replies.filter(sent_at=None).update(sent_at=models.F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("moderation", "0012_errors_without_ids")]

    operations = [
        migrations.AlterField(
            model_name="feedbackreply",
            name="created_at",
            field=focusmaster.db.fields.MillisecondDateTimeField(
                default=focusmaster.dates.rfc3339.present, editable=False
            ),
        ),
        migrations.AddField(
            model_name="feedbackreply",
            name="sent_at",
            field=focusmaster.db.fields.MillisecondDateTimeField(
                editable=False, null=True
            ),
        ),
        migrations.RunPython(mark_sent, migrations.RunPython.noop),
    ]
