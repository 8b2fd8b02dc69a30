from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kanban", "0002_tags_not_blank"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                fields=["user", "status", "position", "id"], name="kanban_task_column"
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("position__range", (-1000000000000.0, 1000000000000.0))
                ),
                name="kanban_task_position_in_range",
            ),
        ),
    ]
