from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kanban", "0001_tasks")]

    operations = [
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("tags__contains", [""]), _negated=True),
                name="kanban_task_tags_not_blank",
            ),
        ),
    ]
