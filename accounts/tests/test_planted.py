"""What whoever made an account planted there, after its owner joined it by Google."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.personal_data import personal_data_entries
from focusmaster.tests.people import client_of, person
from focusmaster.tests.personal_rows import make_rows
from integrations.models import SpotifyLink
from integrations.tests.linking import CALLBACK, JSON, code_from, link, started

GMAIL = "victim@gmail.com"
# Models whose rows neither let anybody in nor send anything to another.
HARMLESS = {
    "AuditEntry",
    "AuditPersonalDetails",
    "Ban",
    "Consent",
    "ErrorGroup",
    "ErrorOccurrence",
    "FailedSignIn",
    "Feedback",
    "FeedbackReply",
    "LogEntry",
    "PomodoroSession",
    "Progress",
    "StoredAnswer",
    "Task",
    "WorkLog",
}


@pytest.fixture
def planter(db) -> User:
    user = person("Victim")
    User.objects.filter(pk=user.pk).update(email=GMAIL, email_key=GMAIL)
    user.refresh_from_db()
    return user


def join(google) -> APIClient:
    client, body = APIClient(), {"credential": google.id_token(email=GMAIL)}
    assert client.post("/api/auth/google", body).status_code == 200
    return client


def test_link_to_spotify_goes(planter, google, spotify):
    link(planter, spotify)

    owner = join(google)

    assert not owner.get("/api/spotify/status").json()["connected"]
    assert not SpotifyLink.objects.exists()


def test_open_attempt_to_link_spotify_fails(planter, google, spotify):
    state = started(client_of(planter))
    join(google)

    query = {"state": state, "code": code_from(spotify)}
    response = APIClient().get(CALLBACK, query, **JSON)

    assert response.status_code == 400
    assert not SpotifyLink.objects.exists()


def test_every_model_is_dropped_or_harmless():
    dropped = {one.model.__name__ for one in personal_data_entries() if one.on_joining}
    others = {one.model.__name__ for one in personal_data_entries()} - dropped

    assert others == HARMLESS


def test_all_that_is_listed_goes(planter, google):
    make_rows(planter)
    planter.social_auth.all().delete()  # With one, nobody joins.

    join(google)

    left = {
        entry.model.__name__
        for entry in personal_data_entries()
        if entry.on_joining and entry.rows(planter.pk).exists()
    }
    # The account; the owner's new sign-in beside those that ended; the owner's link.
    assert left == {"User", "SignIn", "UserSocialAuth"}
    assert planter.sign_ins.live().count() == 1
    planter.refresh_from_db()
    assert not planter.has_usable_password()
