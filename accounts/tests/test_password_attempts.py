"""Guessing passwords is limited, and no stranger can lock a person out with it."""

from __future__ import annotations

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.limits import digest_of
from accounts.models import FailedSignIn
from focusmaster.tests.concurrency import AT_ONCE, run_concurrently
from focusmaster.tests.people import PASSWORD, person

LOGIN = "/api/auth/login"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def sign_in(client, email: str, password: str, address: str = HERE) -> int:
    body = {"email": email, "password": password}
    return client.post(LOGIN, body, REMOTE_ADDR=address).status_code


def test_tenth_wrong_password_is_the_last(anonymous, alice):
    answers = [sign_in(anonymous, alice.email, f"wrong {n}") for n in range(11)]

    assert answers == [401] * 10 + [429]


def test_right_password_does_not_pass_while_the_limit_lasts(anonymous, alice):
    for _ in range(10):
        sign_in(anonymous, alice.email, "wrong")

    body = {"email": alice.email, "password": PASSWORD}
    response = anonymous.post(LOGIN, body, REMOTE_ADDR=HERE)

    assert response.status_code == 429
    assert response.json()["message"] == "Too many failed sign-ins. Try again later."
    assert 1 <= int(response["Retry-After"]) <= 15 * 60
    assert not alice.sign_ins.exists()


def test_person_gets_in_from_elsewhere_meanwhile(anonymous, alice):
    for _ in range(12):
        sign_in(anonymous, alice.email, "wrong")

    assert sign_in(anonymous, alice.email, PASSWORD, ELSEWHERE) == 200


def test_other_letters_of_the_email_are_the_same_account(anonymous, alice):
    for _ in range(10):
        sign_in(anonymous, f" {alice.email.upper()} ", "wrong")

    assert sign_in(anonymous, alice.email, PASSWORD) == 429


def test_unknown_email_is_limited_like_a_known_one(anonymous):
    answers = [sign_in(anonymous, "nobody@example.com", "wrong") for _ in range(11)]

    assert answers == [401] * 10 + [429]


def test_right_passwords_are_not_counted(anonymous, alice):
    answers = [sign_in(anonymous, alice.email, PASSWORD) for _ in range(12)]

    assert answers == [200] * 12


def test_one_address_guesses_thirty_times_in_all(anonymous, alice):
    answers = [sign_in(anonymous, f"nobody{n}@example.com", "wrong") for n in range(31)]

    assert answers == [401] * 30 + [429]
    assert sign_in(anonymous, alice.email, PASSWORD) == 429
    assert sign_in(anonymous, alice.email, PASSWORD, ELSEWHERE) == 200


def test_network_of_ipv6_addresses_counts_as_one(anonymous, alice):
    for n in range(10):
        sign_in(anonymous, alice.email, "wrong", f"2001:db8::{n}")

    assert sign_in(anonymous, alice.email, PASSWORD, "2001:db8::99") == 429


def test_hundred_guesses_from_anywhere_are_the_most_for_one_account(
    anonymous, monkeypatch, alice
):
    # Hashing is not what is looked at, and a hundred times takes long.
    monkeypatch.setattr("accounts.models.users.check_typed_password", lambda *_: False)

    answers = [
        sign_in(anonymous, alice.email, "wrong", f"198.51.100.{n}") for n in range(101)
    ]

    assert answers == [401] * 100 + [429]


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_do_not_slip_past_the_limit(alice):
    def guess() -> int:
        return sign_in(APIClient(), alice.email, "wrong")

    before = [guess() for _ in range(6)]
    answers = run_concurrently(*[guess] * AT_ONCE)

    assert before == [401] * 6
    assert sorted(answers) == [401] * 4 + [429] * (AT_ONCE - 4)


def test_current_password_is_guessed_no_more_often(api):
    def change(current: str) -> int:
        body = {"password": "another pass 2", "currentPassword": current}
        return api.put("/api/auth/profile", body).status_code

    answers = [change("wrong") for _ in range(10)]

    assert answers == [400] * 10
    assert change(PASSWORD) == 429
    assert api.put("/api/auth/profile", {"name": "Al"}).status_code == 200


def test_refused_guess_with_an_idempotency_key_counts_too(anonymous, alice):
    for n in range(10):
        anonymous.post(
            LOGIN,
            {"email": alice.email, "password": "wrong"},
            REMOTE_ADDR=HERE,
            HTTP_IDEMPOTENCY_KEY=f"guess-{n}",
        )

    assert sign_in(anonymous, alice.email, PASSWORD) == 429


def test_refused_guess_is_noted_for_staff(anonymous, alice):
    sign_in(anonymous, alice.email.upper(), "wrong")
    sign_in(anonymous, "nobody@example.com", "wrong")
    sign_in(anonymous, alice.email, PASSWORD)

    noted = FailedSignIn.objects.order_by("created_at")
    assert [(one.user, one.where, one.ip_address) for one in noted] == [
        (alice, "api", HERE),
        (None, "api", HERE),
    ]


def test_two_people_at_one_address_do_not_use_up_each_others_tries(anonymous, alice):
    carol = person("Carol")
    for _ in range(10):
        sign_in(anonymous, alice.email, "wrong")

    assert sign_in(anonymous, carol.email, PASSWORD) == 200


@pytest.mark.parametrize(("length", "status"), [(254, 401), (255, 400), (2**19, 400)])
def test_what_is_typed_as_an_email_is_no_key_of_a_counter(anonymous, length, status):
    email = "x" * length

    assert sign_in(anonymous, email, "wrong1234") == status

    with connection.cursor() as cursor:
        cursor.execute("SELECT max(length(key)) FROM focusmaster_counter")
        assert (cursor.fetchone()[0] or 0) < 100
    assert len(digest_of(email)) == len(digest_of("")) == 64
