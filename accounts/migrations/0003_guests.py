from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_focus_version")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_guest", False),
                    models.Q(("email", ""), ("role", "user")),
                    _connector="OR",
                ),
                name="accounts_user_guest_has_no_email_or_role",
            ),
        ),
    ]
