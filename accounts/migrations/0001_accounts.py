import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import focusmaster.db.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "id",
                    focusmaster.db.fields.ObjectIdPrimaryKey(
                        default=focusmaster.db.fields.new_object_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("picture", models.CharField(blank=True, max_length=2048)),
                (
                    "role",
                    models.CharField(
                        choices=[("user", "User"), ("admin", "Admin")],
                        default="user",
                        max_length=5,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("banned", "Banned"),
                            ("suspended", "Suspended"),
                        ],
                        default="active",
                        max_length=9,
                    ),
                ),
                ("ban_reason", models.CharField(blank=True, max_length=500)),
                (
                    "banned_until",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        blank=True, null=True
                    ),
                ),
                ("is_guest", models.BooleanField(default=False)),
                ("points", models.PositiveIntegerField(default=0)),
                (
                    "focus_seconds",
                    models.PositiveBigIntegerField(default=0, editable=False),
                ),
                ("focus_count", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "badges",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "created_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "updated_at",
                    focusmaster.db.fields.MillisecondDateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        choices=[
                            ("light", "Light"),
                            ("dark", "Dark"),
                            ("system", "System"),
                            ("blue", "Blue"),
                            ("green", "Green"),
                        ],
                        default="light",
                        max_length=6,
                    ),
                ),
                (
                    "focus_minutes",
                    models.PositiveSmallIntegerField(
                        default=25,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                    ),
                ),
                (
                    "short_break_minutes",
                    models.PositiveSmallIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                    ),
                ),
                (
                    "long_break_minutes",
                    models.PositiveSmallIntegerField(
                        default=15,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                    ),
                ),
                (
                    "long_break_interval",
                    models.PositiveSmallIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(12),
                        ],
                    ),
                ),
                (
                    "daily_goal",
                    models.PositiveSmallIntegerField(
                        default=8,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                ("auto_start_session", models.BooleanField(default=False)),
                ("auto_start_break", models.BooleanField(default=False)),
                ("strict_mode", models.BooleanField(default=False)),
                ("spotify_autoplay", models.BooleanField(default=False)),
                ("motivational_quotes", models.BooleanField(default=True)),
                ("sound_enabled", models.BooleanField(default=True)),
                ("timezone", models.CharField(default="UTC", max_length=64)),
                (
                    "week_start",
                    models.CharField(
                        choices=[("monday", "Monday"), ("sunday", "Sunday")],
                        default="monday",
                        max_length=6,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("email", ""), _negated=True),
                        name="accounts_user_email_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="accounts_user_has_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("picture", ""),
                            ("picture__startswith", "https://"),
                            _connector="OR",
                        ),
                        name="accounts_user_picture_is_https",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "active"), _negated=True),
                            models.Q(("ban_reason", ""), ("banned_until", None)),
                            _connector="OR",
                        ),
                        name="accounts_user_active_has_no_ban",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("banned_until", None),
                            ("status", "suspended"),
                            _connector="OR",
                        ),
                        name="accounts_user_only_suspension_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("focus_minutes__range", (1, 1000))),
                        name="accounts_user_focus_minutes_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("short_break_minutes__range", (1, 60))),
                        name="accounts_user_short_break_minutes_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("long_break_minutes__range", (1, 120))),
                        name="accounts_user_long_break_minutes_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("long_break_interval__range", (1, 12))),
                        name="accounts_user_long_break_interval_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("daily_goal__range", (1, 100))),
                        name="accounts_user_daily_goal_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["user", "admin"])),
                        name="accounts_user_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["active", "banned", "suspended"])
                        ),
                        name="accounts_user_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("theme__in", ["light", "dark", "system", "blue", "green"])
                        ),
                        name="accounts_user_theme_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("week_start__in", ["monday", "sunday"])),
                        name="accounts_user_week_start_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    focusmaster.db.fields.ObjectIdPrimaryKey(
                        default=focusmaster.db.fields.new_object_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("device", models.CharField(max_length=100)),
                ("ip_address", models.GenericIPAddressField(null=True)),
                ("created_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("last_used_at", focusmaster.db.fields.MillisecondDateTimeField()),
                ("expires_at", focusmaster.db.fields.MillisecondDateTimeField()),
                (
                    "revoked_at",
                    focusmaster.db.fields.MillisecondDateTimeField(null=True),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="accounts_signin_expires_after_start",
                    )
                ],
            },
        ),
    ]
