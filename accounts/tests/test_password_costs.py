"""A hash of another cost than those of today is replaced when its password is given."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.passwords import Argon2Hasher
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, client_of, person

LOGIN = "/api/auth/login"
ME = "/api/auth/me"
STAFF = "/admin/login/"
NEW = "tea for two 2"


class EarlierHasher(Argon2Hasher):
    """What an earlier release hashed with: at a cost of its own."""

    memory_cost = Argon2Hasher.memory_cost * 2


def hashed_earlier(user: User, password: str = PASSWORD) -> User:
    """Give the user the hash of their password that an earlier release stored."""
    hasher = EarlierHasher()
    user.password = hasher.encode(password, hasher.salt())
    user.save(update_fields=["password"])
    return user


def memory_cost(user: User) -> int:
    user.refresh_from_db(fields=["password"])
    return identify_hasher(user.password).decode(user.password)["memory_cost"]


def sign_in(password: str = PASSWORD):
    return APIClient().post(LOGIN, {"email": "alice@example.com", "password": password})


def test_sign_in_writes_the_hash_anew_and_ends_no_sign_in(alice):
    phone = client_of(hashed_earlier(alice))

    response = sign_in()

    assert response.status_code == 200
    assert memory_cost(alice) == Argon2Hasher.memory_cost
    assert phone.get(ME).status_code == 200
    assert alice.sign_ins.live().count() == 2


def test_wrong_password_leaves_the_hash(alice):
    hashed_earlier(alice)

    assert sign_in("not the one 1").status_code == 401
    assert memory_cost(alice) == EarlierHasher.memory_cost


def test_hash_of_todays_cost_stays(alice):
    before = alice.password

    assert sign_in().status_code == 200
    alice.refresh_from_db()
    assert alice.password == before


def test_sessions_of_staff_go_on(moderator):
    office, home = Client(), Client()
    office.force_login(hashed_earlier(moderator))

    home.post(STAFF, {"username": moderator.email, "password": PASSWORD})

    assert memory_cost(moderator) == Argon2Hasher.memory_cost
    assert office.get("/admin/").status_code == 200
    assert home.get("/admin/").status_code == 200


def test_sessions_of_staff_go_on_under_an_earlier_secret_key(moderator, settings):
    office = Client()
    office.force_login(hashed_earlier(moderator))
    key = str(settings.SECRET_KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one " * 5, [key]

    moderator.check_password(PASSWORD)

    assert office.get("/admin/").status_code == 200


def test_session_that_a_new_password_ended_does_not_come_back(moderator):
    office = Client()
    office.force_login(moderator)
    moderator.change_profile(password=NEW)
    hashed_earlier(moderator, NEW)

    Client().post(STAFF, {"username": moderator.email, "password": NEW})

    assert memory_cost(moderator) == Argon2Hasher.memory_cost
    assert office.get("/admin/").status_code == 302


@pytest.mark.parametrize("typed", [PASSWORD, PASSWORD.upper()])
def test_change_of_the_password_takes_one_of_another_cost(alice, typed):
    hashed_earlier(alice)

    response = client_of(alice).patch(ME, {"password": NEW, "currentPassword": typed})

    is_right = typed == PASSWORD
    assert response.status_code == (200 if is_right else 400)
    assert sign_in(NEW if is_right else PASSWORD).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_sign_ins_at_once_all_succeed():
    alice = hashed_earlier(person("Alice"))

    responses = run_concurrently(*[sign_in] * 4)

    assert [response.status_code for response in responses] == [200] * 4
    assert alice.sign_ins.live().count() == 4


@pytest.mark.django_db(transaction=True)
def test_new_password_wins_over_the_old_one_written_anew():
    for _ in range(3):
        alice = hashed_earlier(person("Alice"))
        api = client_of(alice)
        change = {"password": NEW, "currentPassword": PASSWORD}

        _, changed = run_concurrently(sign_in, lambda: api.patch(ME, change))  # noqa: B023

        assert changed.status_code == 200
        assert sign_in(NEW).status_code == 200
        assert sign_in().status_code == 401
        alice.delete()
