from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.tests.concurrency import AT_ONCE, run_concurrently
from focusmaster.tests.people import PASSWORD

REGISTER = "/api/auth/register"
CAROL = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}


def test_registration_answers_as_published(anonymous):
    account = {
        "name": "John Doe",
        "email": "john@example.com",
        "password": "securePassword123",
    }

    response = anonymous.post(REGISTER, account)

    assert response.status_code == 201
    user = User.objects.get()
    assert response.json() == {
        "_id": user.pk,
        "name": "John Doe",
        "email": "john@example.com",
        "picture": "",
        "role": "user",
        "isGuest": False,
        "points": 0,
        "token": response.json()["token"],
    }


def test_registration_signs_in(anonymous):
    response = anonymous.post(
        REGISTER, CAROL, HTTP_USER_AGENT="curl/8.5.0", REMOTE_ADDR="192.0.2.7"
    )

    token = response.json()["token"]
    assert response.cookies["jwt"].value == token
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/auth/me").json()["email"] == "carol@example.com"
    sign_in = SignIn.objects.get()
    assert (sign_in.device, sign_in.ip_address) == ("curl/8.5.0", "192.0.2.7")


def test_blanks_around_name_and_email_are_trimmed(anonymous):
    account = {**CAROL, "name": f"  {'x' * 100}\n", "email": " Carol@Example.com "}

    response = anonymous.post(REGISTER, account)

    assert response.status_code == 201
    user = User.objects.get()
    assert user.name == response.json()["name"] == "x" * 100
    assert user.email == response.json()["email"] == "Carol@Example.com"


@pytest.mark.parametrize("name", ["C", "Ζωή", "山田 太郎", 'O\'Neill <3 "& Co"', "🍅"])
def test_name_is_kept_as_it_is(anonymous, name):
    response = anonymous.post(REGISTER, {**CAROL, "name": name})

    assert response.status_code == 201
    assert response.json()["name"] == name
    assert User.objects.get().name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  \t "),
        ("name", "x" * 101),
        ("name", None),
        ("name", 7),
        ("name", True),
        ("name", ["Carol"]),
        ("name", {"first": "Carol"}),
        ("email", ""),
        ("email", "carol"),
        ("email", "carol@"),
        ("email", "@example.com"),
        ("email", "carol@example"),
        ("email", "carol@exa mple.com"),
        ("email", "a@example.com, b@example.com"),
        ("email", "Carol <carol@example.com>"),
        ("email", "carol@example.com\nBcc: bob@example.com"),
        ("email", f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 58}.com"),
        ("email", None),
        ("email", 7),
        ("email", ["carol@example.com"]),
        ("password", None),
        ("password", 12345678),
        ("password", ""),
        ("password", ["c", "o"]),
    ],
)
def test_wrong_value_is_refused_by_name(anonymous, field, value):
    response = anonymous.post(REGISTER, {**CAROL, field: value})

    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == {field}
    assert not User.objects.exists()


def test_longest_email_is_taken(anonymous):
    email = f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 58}.co"
    assert len(email) == 254

    response = anonymous.post(REGISTER, {**CAROL, "email": email})

    assert response.status_code == 201
    assert User.objects.get().email == email


@pytest.mark.parametrize("field", ["name", "email", "password"])
def test_missing_field_is_refused_by_name(anonymous, field):
    account = {name: value for name, value in CAROL.items() if name != field}

    response = anonymous.post(REGISTER, account)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not User.objects.exists()


def test_fields_that_the_server_decides_are_ignored(anonymous):
    decided = {
        "_id": "507f1f77bcf86cd799439011",
        "picture": "https://example.com/a.png",
        "role": "admin",
        "isGuest": True,
        "points": 1_000_000,
        "token": "eyJ",
    }

    response = anonymous.post(REGISTER, {**CAROL, **decided})

    assert response.status_code == 201
    user = User.objects.get()
    assert user.pk != "507f1f77bcf86cd799439011"
    assert (user.role, user.is_guest, user.progress.points) == ("user", False, 0)
    assert user.picture == ""


@pytest.mark.parametrize("name", ["passwrod", "is_staff", "Name", "", "user_id"])
def test_unknown_field_is_refused_by_name(anonymous, name):
    response = anonymous.post(REGISTER, {**CAROL, name: "x"})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [name]
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@Example.COM "])
def test_email_of_another_account_is_taken(anonymous, alice, email):
    response = anonymous.post(REGISTER, {**CAROL, "email": email})

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert "jwt" not in response.cookies
    assert User.objects.get() == alice
    assert not SignIn.objects.exists()


def test_token_that_is_no_good_does_not_matter(anonymous):
    response = anonymous.post(REGISTER, CAROL, HTTP_AUTHORIZATION="Bearer nonsense")

    assert response.status_code == 201


@pytest.mark.django_db(transaction=True)
def test_one_of_many_registrations_at_once_gets_the_email():
    letters = ["c", "C"]
    emails = [
        f"{letters[n % 2]}{'aA'[n // 2 % 2]}rol@{'eE'[n // 4 % 2]}xample.com"
        for n in range(AT_ONCE)
    ]

    responses = run_concurrently(
        *(
            lambda email=email: APIClient().post(REGISTER, {**CAROL, "email": email})
            for email in emails
        )
    )

    statuses = sorted(response.status_code for response in responses)
    assert statuses == [201] + [409] * (AT_ONCE - 1)
    assert {r.json()["code"] for r in responses if r.status_code == 409} == {
        "email_taken"
    }
    assert User.objects.count() == SignIn.objects.count() == 1
