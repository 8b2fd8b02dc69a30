"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from social_django.models import UserSocialAuth

from accounts.google.linking import PROVIDER
from accounts.models import (
    Consent,
    EmailChange,
    FailedSignIn,
    PasswordReset,
    SignIn,
    User,
)

BROWSER = "Quuxfox/7.1"
ADDRESS = "203.0.113.77"
ORIGIN = {"user_agent": BROWSER, "ip_address": ADDRESS}


def make_rows(user: User) -> None:
    preferences = {"essential": True, "analytics": False, "marketing": True}
    SignIn.objects.start(user=user, **ORIGIN)
    Consent.objects.log(user=user, **preferences, **ORIGIN)
    FailedSignIn.objects.note(name=user.email, where="api", **ORIGIN)
    EmailChange.objects.start(user=user, new_email=f"new.{user.email}")
    PasswordReset.objects.start(user=user)
    UserSocialAuth.create_social_auth(user, user.pk, PROVIDER, id_key="sub")
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id="0" * 24,
        object_repr="somebody else",
        action_flag=CHANGE,
    )
