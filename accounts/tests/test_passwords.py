from __future__ import annotations

import threading

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.tests.concurrency import run_concurrently, run_during
from focusmaster.tests.people import PASSWORD, browser_of, client_of

REGISTER = "/api/auth/register"
LOGIN = "/api/auth/login"
ME = "/api/auth/me"
NEW = "tea for two 2"
CHANGE = {"password": NEW, "currentPassword": PASSWORD}
CHANGES = [("patch", ME), ("put", "/api/auth/profile")]
FROM_HERE = {"HTTP_ORIGIN": "http://testserver"}


def login(email: str, password: str):
    return APIClient().post(LOGIN, {"email": email, "password": password})


# Which ones are taken


@pytest.mark.parametrize(
    "password",
    [
        "qwe34rtz",
        "x1" * 64,
        "пароль из букв 7",
        "٣ أحرف وأرقام",
        " spaces around 1 ",
        "🍅🍅🍅🍅🍅🍅a1",
    ],
)
def test_fit_password_is_taken_and_opens_the_account(anonymous, real_hashing, password):
    account = {"name": "Carol", "email": "carol@example.com", "password": password}

    response = anonymous.post(REGISTER, account)

    assert response.status_code == 201
    assert password not in response.content.decode()
    assert User.objects.get().password.startswith(
        "argon2$argon2id$v=19$m=19456,t=2,p=1"
    )
    assert login("carol@example.com", password).status_code == 200


UNFIT = [
    ("qwe34rt", "give 8 to 128 characters"),
    ("x1" * 64 + "x", "give 8 to 128 characters"),
    ("onlyletters", "give at least one letter and one digit"),
    ("8642097531", "give at least one letter and one digit"),
    ("!§$%&/()=", "give at least one letter and one digit"),
    ("        1", "give at least one letter and one digit"),
    ("password1", "This password is too common."),
    ("PassWord1", "This password is too common."),
    ("carolina1", "The password is too similar to the name."),
    ("jones@example.com1", "The password is too similar to the email."),
]


@pytest.mark.parametrize(("password", "message"), UNFIT)
def test_unfit_password_is_refused(anonymous, password, message):
    account = {"name": "Carolina", "email": "jones@example.com", "password": password}

    response = anonymous.post(REGISTER, account)

    assert response.status_code == 400
    assert {"field": "password", "message": message} in response.json()["errors"]
    assert not User.objects.exists()


def test_blanks_of_a_password_count(anonymous):
    account = {"name": "Carol", "email": "carol@example.com", "password": " tea 4 two "}
    anonymous.post(REGISTER, account)

    response = login("carol@example.com", "tea 4 two")

    assert response.status_code == 401


# Changing it


@pytest.mark.parametrize(
    ("method", "path"), [("patch", ME), ("put", "/api/auth/profile")]
)
def test_change_needs_the_current_password(api, alice, method, path):
    response = getattr(api, method)(path, CHANGE)

    assert response.status_code == 200
    assert login(alice.email, NEW).status_code == 200
    assert login(alice.email, PASSWORD).status_code == 401


@pytest.mark.parametrize(
    "current", [{}, {"currentPassword": ""}, {"currentPassword": "guess 1234"}]
)
def test_change_without_the_current_password_is_refused(api, alice, current):
    response = api.patch(ME, {"name": "Mallory", "password": NEW, **current})

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error == {"field": "currentPassword", "message": "this is not your password"}
    alice.refresh_from_db()
    assert alice.name == "Alice"
    assert alice.check_password(PASSWORD)
    assert alice.sign_ins.live().exists()


@pytest.mark.parametrize("current", [None, 1, ["x"]])
def test_current_password_is_text(api, alice, current):
    response = api.patch(ME, {"password": NEW, "currentPassword": current})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "currentPassword"
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short 1", "password1", "Alice1234", "", None])
def test_change_to_an_unfit_password_is_refused(api, alice, password):
    response = api.patch(ME, {"password": password, "currentPassword": PASSWORD})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "password"
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_password_like_the_new_name_is_refused(api, alice):
    change = {"name": "Marguerite", "password": "marguerite1"}

    response = api.patch(ME, {**change, "currentPassword": PASSWORD})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "password"
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_account_without_a_password_gets_its_first(api, alice):
    alice.set_unusable_password()
    alice.save()

    response = api.patch(ME, {"password": NEW})

    assert response.status_code == 200
    assert login(alice.email, NEW).status_code == 200


def test_current_password_alone_changes_nothing(api, alice):
    response = api.patch(ME, {"currentPassword": "whatever it is"})

    assert response.status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert api.get(ME).status_code == 200


@pytest.mark.parametrize("client_for", [client_of, browser_of])
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_change_keeps_the_sign_in_that_made_it(alice, bob, client_for, method, path):
    here = client_for(alice)
    kept = alice.sign_ins.get()
    others, friend = [client_of(alice), browser_of(alice)], client_of(bob)

    response = getattr(here, method)(path, CHANGE, **FROM_HERE)

    assert response.status_code == 200
    assert here.get(ME).status_code == 200
    assert [other.get(ME).status_code for other in others] == [401, 401]
    assert friend.get(ME).status_code == 200
    assert alice.sign_ins.live().get() == kept
    assert here.post("/api/auth/refresh", **FROM_HERE).status_code == 200


def test_first_password_keeps_the_sign_in_that_gave_it(api, alice):
    User.objects.filter(pk=alice.pk).update(password=make_password(None))
    phone = client_of(alice)

    assert api.patch(ME, {"password": NEW}).status_code == 200

    assert api.get(ME).status_code == 200
    assert phone.get(ME).status_code == 401


def test_refused_change_ends_no_sign_in(api, alice):
    phone = client_of(alice)

    response = api.patch(ME, {**CHANGE, "currentPassword": "wrong one 1"})

    assert response.status_code == 400
    assert alice.sign_ins.live().count() == 2
    assert phone.get(ME).status_code == 200


# Many at once


def test_one_password_is_hashed_at_a_time(monkeypatch, real_hashing):
    lock, running, most = threading.Lock(), 0, 0
    encode = Argon2PasswordHasher.encode

    def counted(self, password: str, salt: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return encode(self, password, salt)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted)

    run_concurrently(*[lambda: make_password(PASSWORD)] * 6)

    assert most == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_two_changes_at_once_wins(alice):
    clients = [client_of(alice), client_of(alice)]
    passwords = ["first of two 1", "second of two 2"]

    responses = run_concurrently(
        *(
            lambda client=client, password=password: client.patch(
                ME, {"password": password, "currentPassword": PASSWORD}
            )
            for client, password in zip(clients, passwords, strict=True)
        )
    )

    statuses = [response.status_code for response in responses]
    # The other's token has ended already, or its current password is no longer that.
    assert sorted(statuses) in ([200, 400], [200, 401])
    alice.refresh_from_db()
    winner = statuses.index(200)
    assert alice.check_password(passwords[winner])
    after = [client.get(ME).status_code for client in clients]
    assert sorted(after) == [200, 401]
    assert after[winner] == 200


@pytest.mark.django_db(transaction=True)
def test_sign_in_with_the_old_password_does_not_begin_after_the_change(alice):
    response = run_during(
        lambda: alice.change_profile(password=NEW),
        lambda: login(alice.email, PASSWORD),
    )

    assert response.status_code == 401
    assert response.json()["code"] == "invalid_credentials"
    assert not SignIn.objects.live().exists()
