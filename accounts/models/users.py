"""Users: people with an account or as a guest, their settings and bans."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Collate, Lower
from django.utils import timezone

from accounts.exceptions import Barred
from accounts.models.user_queries import EMAIL_UNIQUE, UserManager, naming_key
from accounts.passwords import check_typed_password
from accounts.staff_sessions import keeping_staff_sessions
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.dates.zones import NO_ZONE
from focusmaster.db.digests import keyed_digest
from focusmaster.db.fields import MillisecondDateTimeField, ObjectIdPrimaryKey
from focusmaster.encryption import secret_keys
from focusmaster.exceptions import InvalidValue, OwnerGone
from focusmaster.personal_data import apply_timezone_change

if TYPE_CHECKING:
    from accounts.models.sign_ins import SignIn

# Least and most of each number among the settings (API.md §2); durations in minutes,
# the start of a day an hour on the wall.
SETTING_LIMITS = {
    "focus_minutes": (1, 1000),
    "short_break_minutes": (1, 60),
    "long_break_minutes": (1, 120),
    "long_break_interval": (1, 12),
    "daily_goal": (1, 100),
    "day_start": (0, 6),
}


def _setting(field: str, default: int) -> models.PositiveSmallIntegerField:
    least, most = SETTING_LIMITS[field]
    return models.PositiveSmallIntegerField(
        default=default,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
    )


def default_timezone() -> str:
    """Return the zone of new people: the setting DEFAULT_TIMEZONE."""
    return settings.DEFAULT_TIMEZONE


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        USER = "user"
        ADMIN = "admin"

    class Status(models.TextChoices):
        ACTIVE = "active"
        BANNED = "banned"
        SUSPENDED = "suspended"

    class Theme(models.TextChoices):
        LIGHT = "light"
        DARK = "dark"
        SYSTEM = "system"
        BLUE = "blue"
        GREEN = "green"

    class WeekStart(models.TextChoices):
        MONDAY = "monday"
        SUNDAY = "sunday"
        SATURDAY = "saturday"

    # Given at signing in, to the serializer of its response.
    token: str

    id = ObjectIdPrimaryKey()
    name = models.CharField(max_length=100)
    # Empty for a guest.
    email = models.EmailField(max_length=254, blank=True)
    # What two spellings of one mailbox have in common; a trigger keeps it where the
    # address is ASCII, so only those who write others have to give it.
    email_key = models.CharField(
        max_length=254, blank=True, editable=False, db_default=""
    )
    last_login = None  # Sign-ins have it.
    picture = models.CharField(max_length=2048, blank=True)
    role = models.CharField(max_length=5, choices=Role, default=Role.USER)
    status = models.CharField(max_length=9, choices=Status, default=Status.ACTIVE)
    ban_reason = models.CharField(max_length=500, blank=True)
    banned_until = MillisecondDateTimeField(null=True, blank=True)
    is_guest = models.BooleanField(default=False)
    created_at = MillisecondDateTimeField(default=timezone.now, editable=False)
    updated_at = MillisecondDateTimeField(default=timezone.now, editable=False)

    theme = models.CharField(max_length=6, choices=Theme, default=Theme.LIGHT)
    focus_minutes = _setting("focus_minutes", 25)
    short_break_minutes = _setting("short_break_minutes", 5)
    long_break_minutes = _setting("long_break_minutes", 15)
    long_break_interval = _setting("long_break_interval", 4)
    daily_goal = _setting("daily_goal", 8)
    auto_start_session = models.BooleanField(default=False)
    auto_start_break = models.BooleanField(default=False)
    strict_mode = models.BooleanField(default=False)
    spotify_autoplay = models.BooleanField(default=False)
    motivational_quotes = models.BooleanField(default=True)
    sound_enabled = models.BooleanField(default=True)
    # An IANA name; the set of names changes too often for a constraint, which refuses
    # only those that are no zones for people.
    timezone = models.CharField(max_length=64, default=default_timezone)
    week_start = models.CharField(
        max_length=8, choices=WeekStart, default=WeekStart.MONDAY
    )
    day_start = models.PositiveSmallIntegerField(
        default=0, db_default=0, validators=[MinValueValidator(0), MaxValueValidator(6)]
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"], condition=~Q(email_key=""), name=EMAIL_UNIQUE
            ),
            models.CheckConstraint(
                condition=~(Q(email="") | Q(email_key="")) | Q(email="", email_key=""),
                name="accounts_user_email_has_key",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="accounts_user_has_name"
            ),
            # The id alone opens a guest, so it must open nothing more.
            models.CheckConstraint(
                condition=Q(is_guest=False) | Q(email="", role="user"),
                name="accounts_user_guest_has_no_email_or_role",
            ),
            models.CheckConstraint(
                condition=Q(picture="") | Q(picture__startswith="https://"),
                name="accounts_user_picture_is_https",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(ban_reason="", banned_until=None),
                name="accounts_user_active_has_no_ban",
            ),
            models.CheckConstraint(
                condition=Q(banned_until=None) | Q(status="suspended"),
                name="accounts_user_only_suspension_ends",
            ),
            models.CheckConstraint(
                condition=~Q(timezone__regex=f"^({NO_ZONE.pattern})$"),
                name="accounts_user_timezone_is_for_people",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__range": limits}),
                    name=f"accounts_user_{field}_in_range",
                )
                for field, limits in SETTING_LIMITS.items()
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__in": choices}),
                    name=f"accounts_user_{field}_known",
                )
                for field, choices in [
                    ("role", ["user", "admin"]),
                    ("status", ["active", "banned", "suspended"]),
                    ("theme", ["light", "dark", "system", "blue", "green"]),
                    ("week_start", ["monday", "sunday", "saturday"]),
                ]
            ),
        ]
        indexes = [
            # Serve staff's search for the beginning of an email or a name, which an
            # index finds in this collation only.
            models.Index(
                Collate(Lower("email"), "C"), name="accounts_user_email_prefix"
            ),
            models.Index(Collate(Lower("name"), "C"), name="accounts_user_name_prefix"),
            # Serve staff's filters for small groups, newest first.
            models.Index(
                fields=["-id"],
                condition=Q(role="admin"),
                name="accounts_user_admins",
            ),
            models.Index(
                fields=["status", "-id"],
                condition=~Q(status="active"),
                name="accounts_user_not_active",
            ),
            models.Index(
                fields=["-id"],
                condition=Q(is_guest=True),
                name="accounts_user_guests",
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.name

    @property
    def name_in_logs(self) -> str:
        """The id; for a guest, whom the id alone opens, a keyed digest of it.

        `named_in_logs` finds the user again.
        """
        if not self.is_guest:
            return self.pk
        return keyed_digest(naming_key(secret_keys()[0]), self.pk)

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django only reads it
        return not self.is_barred()

    @property
    def is_staff(self) -> bool:
        return self.role == self.Role.ADMIN

    def has_perm(self, perm: str, obj=None) -> bool:
        return self.is_staff and self.is_active

    def has_module_perms(self, app_label: str) -> bool:
        return self.has_perm(app_label)

    def check_password(self, raw_password: str) -> bool:
        """Tell whether this is the password; an old hash of it is written anew.

        `password` is the stored hash then. Where that changed meanwhile, the stored one
        decides: another sign-in may have written it anew, or a new password be there.
        No query where the hash is of today's kind, 3 where it is not, and one more for
        staff.
        """
        while True:
            outdated: list[str] = []
            if not check_typed_password(raw_password, self.password, outdated.append):
                return False
            if not outdated or self._rehash(outdated[0]):
                return True
            if not self._reload_password():
                return False

    def _rehash(self, password: str) -> bool:
        """Store a hash of today's cost; False if the stored one changed meanwhile.

        No sign-in ends, and no session of staff's pages, which name the hash.
        """
        encoded, new = self.password, make_password(password)
        with transaction.atomic():
            mine = User.objects.filter(pk=self.pk, password=encoded)
            if not mine.update(password=new):
                return False
            with keeping_staff_sessions(self):
                self.password = new
        return True

    def _reload_password(self) -> bool:
        """Take the stored hash; return whether the account is still there."""
        hashes = User.objects.filter(pk=self.pk).values_list("password", flat=True)
        self.password = hashes.first() or ""
        return self.password != ""

    def check_current_password(self, given: str) -> None:
        """Raise InvalidValue if there is a password, and this is another."""
        if self.has_usable_password() and not self.check_password(given):
            raise InvalidValue("currentPassword", "this is not your password")

    def change_profile(
        self,
        *,
        password: str | None = None,
        kept: SignIn | None = None,
        **fields: Any,
    ) -> None:
        """Change these columns. Raises OwnerGone.

        A new password ends all sign-ins but the `kept` one, and voids links to reset
        it. Before it, `check_current_password` is called. Raises InvalidValue if what
        that compared with was changed concurrently, and Barred while a ban is in force.
        """
        mine = User.objects.filter(pk=self.pk)
        if password is not None:
            # A hash of today's kind: only another new password takes its place.
            mine = mine.filter(password=self.password)
            fields["password"] = make_password(password)
        with transaction.atomic():
            if not mine.update(**fields, updated_at=timezone.now()):
                if not User.objects.filter(pk=self.pk).exists():
                    raise OwnerGone
                raise InvalidValue("currentPassword", "this is not your password")
            if {"timezone", "day_start"} & fields.keys():
                apply_timezone_change(self)
            if password is not None:
                self.check_not_barred_meanwhile()
                self.sign_ins.exclude(pk=kept and kept.pk).revoke()
                self.password_resets.all().delete()
                self.password = fields["password"]

    def is_barred(self, *, at: datetime | None = None) -> bool:
        """Tell whether a ban or a suspension is in force, now or at this time."""
        if self.status == self.Status.ACTIVE:
            return False
        return self.banned_until is None or self.banned_until > (at or timezone.now())

    def check_not_barred(self) -> None:
        """Raise Barred while a ban or a suspension is in force."""
        if self.is_barred():
            raise Barred(self)

    def check_not_barred_meanwhile(self) -> None:
        """Raise Barred for a ban that was committed since the user was read.

        One query. Raises DoesNotExist if the account has gone.
        """
        self.refresh_from_db(fields=["status", "banned_until", "ban_reason"])
        self.check_not_barred()

    def bar_message(self) -> str:
        """Return what the user reads: what bars them, until when, and why."""
        message = f"This account is {self.status}"
        if self.banned_until:
            message += f" until {format_instant(self.banned_until)}"
        return f"{message}: {self.ban_reason}" if self.ban_reason else f"{message}."
