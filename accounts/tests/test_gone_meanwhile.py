"""Requests about the caller's own account that meet its deletion: 401, or all done."""

from __future__ import annotations

import pytest

from accounts.erasure import erase_account
from accounts.models import EmailChange, User
from accounts.tests.rows import make_rows
from focusmaster.tests.concurrency import run_concurrently, run_during
from focusmaster.tests.people import PASSWORD, client_of, person
from integrations.tests.rows import make_rows as make_spotify_rows

NEW = {"password": "tea for two 2", "currentPassword": PASSWORD}
SETTINGS = {"settings": {"timezone": "Asia/Tokyo", "dailyGoal": 3}}
PREFERENCES = {"essential": True, "analytics": False, "marketing": False}
CONSENT = {"preferences": PREFERENCES}
NEW_EMAIL = {"newEmail": "other@example.com"}
WRITES = [
    ("patch", "/api/auth/me", {"name": "Other"}),
    ("patch", "/api/auth/me", NEW),
    ("patch", "/api/auth/me", SETTINGS),
    ("put", "/api/auth/profile", {"name": "Other"}),
    ("put", "/api/auth/profile", NEW),
    ("put", "/api/auth/profile", SETTINGS),
    ("delete", "/api/auth/profile", None),
    ("delete", "/api/gdpr/delete", None),
    ("delete", "/api/auth/profile/stats", None),
    ("delete", "/api/auth/google", None),
    ("post", "/api/auth/refresh", None),
    ("post", "/api/auth/otp/send", NEW_EMAIL),
    ("put", "/api/auth/otp/verify", {"otp": "CODE"}),
    ("post", "/api/gdpr/log-consent", CONSENT),
]
READS = [
    ("get", "/api/auth/me", None),
    ("get", "/api/auth/profile", None),
    ("get", "/api/gdpr/export", None),
    ("get", "/api/auth/devices", None),
    ("get", "/api/spotify/status", None),
]
OTHERS = [
    ("post", "/api/auth/logout", None),
    ("delete", "/api/auth/devices", None),
    ("delete", "/api/spotify", None),
]
# A new password ends the other sign-ins, too.
ENDS_SIGN_INS = {"/api/auth/devices", "/api/auth/me", "/api/auth/profile"}


def ada() -> User:
    """Make a person who has all that the requests are about."""
    user = person("Ada")
    make_rows(user)
    make_spotify_rows(user)
    return user


def filled(body: dict | None, user: User) -> dict | None:
    """Return the body, with a code that is right in the place of CODE."""
    if body and body.get("otp") == "CODE":
        new_email = "other@example.com"
        return {"otp": EmailChange.objects.start(user=user, new_email=new_email)}
    return body


def is_gone(response) -> bool:
    """Tell whether a response is that of a token whose account is gone."""
    return (
        response.status_code == 401
        and response.json()["code"] == "not_authenticated"
        and response.headers["WWW-Authenticate"] == "Bearer"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_write_that_meets_the_deletion_is_unauthorized(mailbox, method, path, body):
    user = ada()
    client, body = client_of(user), filled(body, user)

    response = run_during(
        lambda: erase_account(user), lambda: getattr(client, method)(path, body)
    )

    assert is_gone(response), response.content
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path", "body"), WRITES + READS + OTHERS)
def test_deletion_at_the_same_moment_is_no_fault(mailbox, method, path, body):
    for _ in range(3):
        user = ada()
        client, leaving = client_of(user), client_of(user)
        values = filled(body, user)

        gone, response = run_concurrently(
            lambda leaving=leaving: leaving.delete("/api/gdpr/delete"),
            lambda client=client, values=values: getattr(client, method)(path, values),
        )

        response.close()
        assert gone.status_code == 200 or is_gone(gone)
        assert response.status_code in (200, 201) or is_gone(response), response.content
        # It stays where the other request ended the sign-in that was to delete it.
        assert path in ENDS_SIGN_INS or not User.objects.exists()
        User.objects.all().delete()
