"""Let a day begin at another hour, and a week on Saturday."""

import django.core.validators
from django.db import migrations, models

import accounts.models.users


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_zones_for_people"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="user",
            name="accounts_user_week_start_known",
        ),
        migrations.AddField(
            model_name="user",
            name="day_start",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(6),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="timezone",
            field=models.CharField(
                default=accounts.models.users.default_timezone, max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="week_start",
            field=models.CharField(
                choices=[
                    ("monday", "Monday"),
                    ("sunday", "Sunday"),
                    ("saturday", "Saturday"),
                ],
                default="monday",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "timezone__regex",
                        "^(Factory|localtime|posixrules|(posix|right)/.*)$",
                    ),
                    _negated=True,
                ),
                name="accounts_user_timezone_is_for_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("day_start__range", (0, 6))),
                name="accounts_user_day_start_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("week_start__in", ["monday", "sunday", "saturday"])
                ),
                name="accounts_user_week_start_known",
            ),
        ),
    ]
