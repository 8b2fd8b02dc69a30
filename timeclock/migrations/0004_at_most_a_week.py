"""Have a log last at most seven days; longer ones from before stay as they are."""

from datetime import timedelta

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("timeclock", "0003_sql_files")]

    operations = [
        AddConstraintNotValid(
            model_name="worklog",
            constraint=models.CheckConstraint(
                condition=Q(ended_at=None)
                | Q(ended_at__lte=F("started_at") + timedelta(days=7)),
                name="timeclock_worklog_at_most_a_week",
            ),
        )
    ]
