"""The pages for staff, as far as they show people."""

from __future__ import annotations

import pytest
from django.test import Client

from conftest import PASSWORD

SIGN_IN = "/admin/login/"
PEOPLE = "/admin/accounts/user/"


def signed_in(email: str) -> Client:
    client = Client()
    client.post(f"{SIGN_IN}?next=/admin/", {"username": email, "password": PASSWORD})
    return client


def test_moderator_finds_a_person(moderator, alice, bob):
    client = signed_in(moderator.email)

    page = client.get(PEOPLE, {"q": "alice"})

    assert page.status_code == 200
    assert alice.email in page.content.decode()
    assert bob.email not in page.content.decode()


def test_person_is_shown_without_the_password(moderator, alice):
    client = signed_in(moderator.email)

    page = client.get(f"{PEOPLE}{alice.pk}/change/")

    assert page.status_code == 200
    assert alice.name in page.content.decode()
    assert alice.password not in page.content.decode()


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_who_is_no_moderator_stays_outside(alice, email):
    page = signed_in(email).get(PEOPLE)

    assert page.status_code == 302
    assert page["Location"].startswith(SIGN_IN)


def test_moderator_who_is_banned_is_out_at_once(moderator):
    client = signed_in(moderator.email)
    moderator.status = moderator.Status.BANNED
    moderator.save()

    assert client.get(PEOPLE).status_code == 302
