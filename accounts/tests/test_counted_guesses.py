"""Wrong passwords and codes are counted outside of the transaction of their request."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve

from accounts.models import EmailChange, User
from focusmaster.models import Counter
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, client_of, person

ME = "/api/auth/me"
PROFILE = "/api/auth/profile"
VERIFY = "/api/auth/otp/verify"
STAFF = "/admin/password_change/"
NEW = "tea for two 2"
STALE = {"HTTP_IF_MATCH": '"stale"'}
ANY = {"HTTP_IF_MATCH": "*"}
WRITES = pytest.mark.parametrize(("method", "path"), [("patch", ME), ("put", PROFILE)])


def guess(client, method: str, path: str, current: str, **headers: str):
    body = {"password": NEW, "currentPassword": current}
    return getattr(client, method)(path, body, **headers)


@WRITES
@pytest.mark.parametrize("condition", [ANY, STALE])
def test_guess_with_a_condition_counts(alice, method, path, condition):
    client = client_of(alice)

    statuses = [
        guess(client, method, path, f"wrong {n}", **condition).status_code
        for n in range(10)
    ]

    assert statuses == [400] * 10
    assert guess(client, method, path, PASSWORD, **condition).status_code == 429
    assert guess(client, method, path, PASSWORD).status_code == 429


@WRITES
def test_right_password_does_not_pass_a_condition_that_fails(alice, method, path):
    client = client_of(alice)

    assert guess(client, method, path, PASSWORD, **STALE).status_code == 412
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert guess(client, method, path, PASSWORD, **ANY).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(NEW)


@WRITES
@pytest.mark.django_db(transaction=True)
def test_guess_is_counted_though_the_account_is_locked(method, path):
    alice = person("Alice")
    client = client_of(alice)

    with transaction.atomic():
        User.objects.filter(pk=alice.pk).lock()
        [response] = run_concurrently(
            lambda: guess(client, method, path, "wrong", **ANY)
        )
        # Of an account in an address, of the address, of the account.
        assert Counter.objects.filter(count=1).count() >= 3

    assert response.status_code == 400


def other_code(code: str, number: int) -> str:
    return f"{(int(code) + number + 1) % 10**6:06}"


@pytest.mark.parametrize("condition", [{}, ANY, {"HTTP_IDEMPOTENCY_KEY": "1"}])
def test_tries_of_a_code_are_counted(alice, condition):
    client = client_of(alice)
    code = EmailChange.objects.start(user=alice, new_email="new@example.com")

    statuses = [
        client.put(VERIFY, {"otp": other_code(code, n)}, **condition).status_code
        for n in range(3)
    ]

    assert statuses == [400] * 3
    assert client.put(VERIFY, {"otp": code}).status_code == 429


# The pages for staff


def change(client: Client, old: str):
    form = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
    return client.post(STAFF, form)


def test_old_password_of_staff_is_guessed_no_more_often(moderator):
    pages = Client()
    pages.force_login(moderator)

    statuses = [change(pages, f"wrong {n}").status_code for n in range(10)]

    assert statuses == [200] * 10
    refused = change(pages, PASSWORD)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Too many failed sign-ins" in refused.content.decode()
    assert guess(client_of(moderator), "patch", ME, PASSWORD).status_code == 429
    moderator.refresh_from_db()
    assert moderator.check_password(PASSWORD)


@pytest.mark.parametrize("path", [STAFF, "/admin/login/"])
def test_page_that_counts_guesses_is_in_no_transaction(path):
    assert resolve(path).func.is_atomic is False
