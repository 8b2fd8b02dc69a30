"""What accounts keep of a user, for the copy and the deletion of their data."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from social_django.models import UserSocialAuth

from accounts.google.serializers import LinkedAccountSerializer
from accounts.models import (
    Consent,
    EmailChange,
    FailedSignIn,
    PasswordReset,
    Progress,
    SignIn,
    User,
)
from accounts.serializers import (
    ConsentSerializer,
    EmailChangeSerializer,
    ExportedProfileSerializer,
    ExportedSignInSerializer,
    FailedSignInSerializer,
    SettingsSerializer,
)
from accounts.staff_sessions import end_staff_sessions
from focusmaster.personal_data import PersonalDataEntry, Section

NEWEST = ["-created_at", "-id"]


def forget_failed_sign_ins(user: User) -> None:
    FailedSignIn.objects.about(user).delete()


def forget_achievements(user: User) -> None:
    """Remove points and badges, also those that have no session."""
    Progress.objects.filter(pk=user.pk).update(points=0, badges=[])


def forget_password(user: User) -> None:
    """Remove the password; sessions on the pages for staff end with it.

    An open attempt to link Spotify does, too: see `integrations.states`.
    """
    user.password = make_password(None)
    User.objects.filter(pk=user.pk).update(
        password=user.password, updated_at=timezone.now()
    )


def end_sign_ins(user: User) -> None:
    user.sign_ins.all().revoke()


def drop_email_changes(user: User) -> None:
    user.email_changes.all().delete()


def drop_password_resets(user: User) -> None:
    user.password_resets.all().delete()


def unlink_google(user: User) -> None:
    user.social_auth.all().delete()


def strip_log(user: User) -> None:
    """Keep only the id of the user in the log of what staff did to the account."""
    about = LogEntry.objects.filter(
        content_type__app_label="accounts",
        content_type__model="user",
        object_id=user.pk,
    )
    about.update(object_repr=user.pk, change_message="")


PERSONAL_DATA = [
    PersonalDataEntry(
        User,
        path="pk",
        sections=[
            Section("profile", ExportedProfileSerializer, single=True),
            Section("settings", SettingsSerializer, single=True),
        ],
        excluded_columns={
            "password": "A secret, and only its hash is here.",
            "email_key": "Another spelling of the email.",
        },
        erase=end_staff_sessions,
        on_joining=forget_password,
    ),
    PersonalDataEntry(
        Progress,
        excluded="Its numbers are in the profile.",
        on_progress_reset=forget_achievements,
    ),
    PersonalDataEntry(
        EmailChange,
        sections=[Section("emailChange", EmailChangeSerializer, single=True)],
        excluded_columns={"id": "Shown nowhere.", "code_hash": "Of a secret."},
        on_joining=drop_email_changes,
    ),
    PersonalDataEntry(
        PasswordReset,
        excluded="A way to a new password, void within an hour.",
        on_joining=drop_password_resets,
    ),
    PersonalDataEntry(
        Consent, sections=[Section("consents", ConsentSerializer, order=NEWEST)]
    ),
    PersonalDataEntry(
        SignIn,
        sections=[Section("signIns", ExportedSignInSerializer, order=NEWEST)],
        on_joining=end_sign_ins,
    ),
    PersonalDataEntry(
        UserSocialAuth,
        sections=[Section("linkedAccounts", LinkedAccountSerializer)],
        excluded_columns={
            "id": "Shown nowhere.",
            "id_key": "Says of every row that its uid is the `sub`.",
            "extra_data": "Kept empty: no token of Google's is stored.",
            "modified": "A link never changes.",
        },
        on_joining=unlink_google,
    ),
    PersonalDataEntry(
        FailedSignIn,
        sections=[Section("failedSignIns", FailedSignInSerializer, order=NEWEST)],
        excluded_columns={"name_digest": "The email as typed, made unreadable."},
        erase=forget_failed_sign_ins,
    ),
    PersonalDataEntry(
        LogEntry,
        excluded="What staff did on the pages for staff is about others.",
        erase=strip_log,
        retained_because="Staff did something to an account; not whose it was.",
    ),
]
