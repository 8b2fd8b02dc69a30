from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Progress, User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.people import PASSWORD

ME = "/api/auth/me"
PROFILE = "/api/auth/profile"
CHANGES = [("patch", ME), ("put", PROFILE)]

DEFAULTS = {
    "theme": "light",
    "focusDuration": 25,
    "shortBreakDuration": 5,
    "longBreakDuration": 15,
    "longBreakInterval": 4,
    "dailyGoal": 8,
    "autoStartSession": False,
    "autoStartBreak": False,
    "strictMode": False,
    "spotifyAutoplay": False,
    "motivationalQuotes": True,
    "soundEnabled": True,
    "timezone": "UTC",
    "weekStart": "monday",
    "dayStart": 0,
}


def columns(user: User) -> dict:
    """Return what is stored of a user, but for when it was changed."""
    stored = User.objects.filter(pk=user.pk).values().get()
    return {name: value for name, value in stored.items() if name != "updated_at"}


def change(client: APIClient, fields: dict, method: str = "patch", path: str = ME):
    return getattr(client, method)(path, fields)


# Reading


@pytest.mark.parametrize("path", [ME, PROFILE])
def test_profile_has_all_its_fields(api, alice, path):
    alice.refresh_from_db()

    response = api.get(path)

    assert response.status_code == 200
    assert response.json() == {
        "_id": alice.pk,
        "name": "Alice",
        "email": "alice@example.com",
        "picture": "",
        "role": "user",
        "status": "active",
        "isGuest": False,
        "points": 0,
        "badges": [],
        "settings": DEFAULTS,
        "createdAt": format_instant(alice.created_at),
    }


def test_profile_shows_what_is_stored(api, alice):
    User.objects.filter(pk=alice.pk).update(
        name='Zoë "Z" \\ 🍅',
        picture="https://example.com/ü.png",
        role="admin",
        theme="dark",
    )
    Progress.objects.filter(pk=alice.pk).update(
        points=150, badges=["early bird", 'a "b", {c}']
    )

    profile = api.get(ME).json()

    assert profile["name"] == 'Zoë "Z" \\ 🍅'
    assert profile["picture"] == "https://example.com/ü.png"
    assert (profile["role"], profile["isGuest"]) == ("admin", False)
    assert profile["points"] == 150
    assert profile["badges"] == ["early bird", 'a "b", {c}']
    assert profile["settings"] == {**DEFAULTS, "theme": "dark"}


def test_profile_takes_one_query(api, django_assert_num_queries):
    with django_assert_num_queries(1):  # it comes with the owner of the token
        api.get(ME)


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", ME), ("post", ME), ("delete", ME), ("patch", PROFILE), ("post", PROFILE)],
)
def test_other_methods_are_refused(api, method, path):
    response = change(api, {"name": "Alicia"}, method, path)

    assert response.status_code == 405


# Changing


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_given_fields_change_and_others_stay(api, alice, bob, method, path):
    before, others = columns(alice), columns(bob)
    fields = {"name": "Alicia", "settings": {"dailyGoal": 3}}

    response = change(api, fields, method, path)

    assert response.status_code == 200
    assert response.json() == api.get(ME).json()
    assert response.json()["name"] == "Alicia"
    assert response.json()["settings"] == {**DEFAULTS, "dailyGoal": 3}
    assert columns(alice) == {**before, "name": "Alicia", "daily_goal": 3}
    assert columns(bob) == others


def test_change_is_dated(api, alice):
    start = timezone.now()

    change(api, {"name": "Alicia"})

    alice.refresh_from_db()
    assert alice.created_at < start
    assert alice.updated_at >= start.replace(microsecond=0)


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("fields", [{}, {"settings": {}}, {"currentPassword": "x"}])
def test_nothing_given_changes_nothing(api, alice, method, path, fields):
    before = columns(alice)

    response = change(api, fields, method, path)

    assert response.status_code == 200
    assert columns(alice) == before


def test_change_without_a_body_changes_nothing(api, alice):
    before = columns(alice)

    response = api.put(PROFILE)

    assert response.status_code == 200
    assert columns(alice) == before


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_what_was_read_can_be_sent_back(api, alice, method, path):
    before = columns(alice)
    profile = api.get(ME).json()

    response = change(api, profile, method, path)

    assert response.status_code == 200
    assert response.json() == profile
    assert columns(alice) == before


def test_what_signing_in_answered_can_be_sent_back(api, anonymous, alice):
    answer = anonymous.post(
        "/api/auth/login", {"email": alice.email, "password": PASSWORD}
    ).json()

    response = api.put(PROFILE, {**answer, "name": "Alicia"})

    assert response.status_code == 200
    assert response.json()["name"] == "Alicia"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("_id", "507f1f77bcf86cd799439011"),
        ("role", "admin"),
        ("status", "banned"),
        ("isGuest", True),
        ("points", 1_000_000),
        ("badges", ["all of them"]),
        ("createdAt", "2020-01-01T00:00:00Z"),
        ("createdAt", {"any": ["thing"]}),
        ("token", "eyJ"),
    ],
)
def test_fields_that_the_server_decides_are_ignored(api, alice, field, value):
    before = columns(alice)

    response = change(api, {field: value})

    assert response.status_code == 200
    assert columns(alice) == before


@pytest.mark.parametrize(
    "name", ["nmae", "is_guest", "daily_goal", "theme", "id", "Name", "updatedAt"]
)
def test_unknown_field_is_refused_and_nothing_changes(api, alice, name):
    before = columns(alice)

    response = change(api, {"name": "Alicia", name: "x"})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [name]
    assert columns(alice) == before


# Name


@pytest.mark.parametrize("name", ["A", "x" * 100, "  Alicia\n"])
def test_name_is_trimmed_and_taken(api, alice, name):
    response = change(api, {"name": name})

    assert response.json()["name"] == name.strip()
    alice.refresh_from_db()
    assert alice.name == name.strip()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, None, 7, False, [], {}])
def test_wrong_name_is_refused(api, alice, name):
    response = change(api, {"name": name})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["name"]
    alice.refresh_from_db()
    assert alice.name == "Alice"


# Email


@pytest.mark.parametrize("email", ["alice@example.com", " ALICE@Example.COM "])
def test_same_email_is_ignored(api, alice, email):
    response = change(api, {"email": email, "name": "Alicia"})

    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.email, alice.name) == ("alice@example.com", "Alicia")


@pytest.mark.parametrize(
    "email", ["alicia@example.com", "bob@example.com", "", "nonsense", None, 7]
)
def test_other_email_is_refused(api, alice, bob, email):
    response = change(api, {"email": email, "name": "Alicia"})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["email"]
    alice.refresh_from_db()
    assert (alice.email, alice.name) == ("alice@example.com", "Alice")


def test_guest_may_send_back_that_there_is_no_email(api, alice):
    User.objects.filter(pk=alice.pk).update(email="", is_guest=True)

    response = change(api, {"email": "", "name": "Guest"})

    assert response.status_code == 200
    assert response.json()["email"] == ""


# Picture


@pytest.mark.parametrize(
    ("picture", "stored"),
    [
        ("https://example.com/a.png", "https://example.com/a.png"),
        (" https://example.com/a ", "https://example.com/a"),
        ("HTTPS://Example.com/A.png", "https://Example.com/A.png"),
        ("https://192.0.2.1:8443/a?b=c#d", "https://192.0.2.1:8443/a?b=c#d"),
        (
            f"https://example.com/{'a' * 2028}",
            f"https://example.com/{'a' * 2028}",
        ),
        ("", ""),
        ("  ", ""),
    ],
)
def test_picture_is_an_https_url_or_nothing(api, alice, picture, stored):
    User.objects.filter(pk=alice.pk).update(picture="https://example.com/old.png")

    response = change(api, {"picture": picture})

    assert response.status_code == 200
    assert response.json()["picture"] == stored
    alice.refresh_from_db()
    assert alice.picture == stored


@pytest.mark.parametrize(
    "picture",
    [
        "http://example.com/a.png",
        "ftp://example.com/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA==",
        "//example.com/a.png",
        "https://",
        "https:///a.png",
        "https://exa mple.com/",
        "https://example.com/a\nb",
        "example.com",
        f"https://example.com/{'a' * 2029}",
        None,
        7,
        ["https://example.com/a.png"],
    ],
)
def test_picture_that_is_no_https_url_is_refused(api, alice, picture):
    response = change(api, {"picture": picture})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["picture"]
    alice.refresh_from_db()
    assert alice.picture == ""
