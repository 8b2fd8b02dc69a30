"""A device of several people: what one left there keeps no other out, nor in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import PASSWORD, browser_of, client_of

LOGOUT = "/api/auth/logout"
REGISTER = "/api/auth/register"
ME = "/api/auth/me"
FROM_HERE = {"HTTP_ORIGIN": "http://testserver"}
CAROL = {"name": "Carol", "email": "carol@gmail.com", "password": "tea for two 2"}
BANNED = {"status": "banned", "ban_reason": "Spam"}


def bad_cookie(alice) -> APIClient:
    browser = APIClient()
    browser.cookies["jwt"] = "nonsense"
    return browser


def bad_header(alice) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION="Bearer nonsense")


def ended_cookie(alice) -> APIClient:
    browser = browser_of(alice)
    alice.sign_ins.all().revoke()
    return browser


def ended_header(alice) -> APIClient:
    client = client_of(alice)
    alice.sign_ins.all().revoke()
    return client


def expired_cookie(alice) -> APIClient:
    browser = browser_of(alice)
    past = timezone.now() - timedelta(days=1)
    alice.sign_ins.update(created_at=past - timedelta(days=1), expires_at=past)
    return browser


def banned_cookie(alice) -> APIClient:
    browser = browser_of(alice)
    User.objects.filter(pk=alice.pk).update(**BANNED)
    return browser


def banned_header(alice) -> APIClient:
    client = client_of(alice)
    User.objects.filter(pk=alice.pk).update(**BANNED)
    return client


def suspended_cookie(alice) -> APIClient:
    browser = browser_of(alice)
    until = timezone.now() + timedelta(days=1)
    User.objects.filter(pk=alice.pk).update(status="suspended", banned_until=until)
    return browser


def deleted_cookie(alice) -> APIClient:
    browser = browser_of(alice)
    alice.delete()
    return browser


def banned_guests_cookie(alice) -> APIClient:
    browser = APIClient()
    guest = browser.post("/api/auth/guest", {}).json()
    User.objects.filter(pk=guest["_id"]).update(**BANNED)
    return browser


LEFT = pytest.mark.parametrize(
    "left",
    [
        bad_cookie,
        bad_header,
        ended_cookie,
        ended_header,
        expired_cookie,
        banned_cookie,
        banned_header,
        suspended_cookie,
        deleted_cookie,
        banned_guests_cookie,
    ],
)


def assert_signed_in(response, person_id: str) -> None:
    """Check that the token and the cookie of a response open this account."""
    token, cookie = response.json()["token"], APIClient()
    cookie.cookies["jwt"] = response.cookies["jwt"].value
    for client in (APIClient(HTTP_AUTHORIZATION=f"Bearer {token}"), cookie):
        assert client.get(ME).json()["_id"] == person_id


@LEFT
def test_logout_always_works_and_clears_the_cookie(alice, left):
    client = left(alice)

    response = client.post(LOGOUT, **FROM_HERE)

    assert response.status_code == 200
    assert response.cookies["jwt"].value == ""
    assert response.cookies["jwt"]["max-age"] == 0


@LEFT
def test_another_registers(alice, left):
    client = left(alice)

    response = client.post(REGISTER, CAROL, **FROM_HERE)

    assert response.status_code == 201
    assert response.json()["_id"] != alice.pk
    assert_signed_in(response, response.json()["_id"])


@LEFT
def test_another_signs_in(alice, bob, left):
    client = left(alice)

    response = client.post(
        "/api/auth/login", {"email": bob.email, "password": PASSWORD}, **FROM_HERE
    )

    assert response.status_code == 200
    assert_signed_in(response, bob.pk)


@LEFT
def test_another_signs_in_with_google(alice, google, left):
    client = left(alice)

    response = client.post(
        "/api/auth/google", {"credential": google.id_token()}, **FROM_HERE
    )

    assert response.status_code == 200
    assert response.json()["_id"] != alice.pk
    assert_signed_in(response, response.json()["_id"])


@LEFT
def test_a_guest_begins(alice, left):
    client = left(alice)

    response = client.post("/api/auth/guest", {}, **FROM_HERE)

    assert response.status_code == 200
    assert response.json()["isGuest"]
    assert_signed_in(response, response.json()["_id"])


@pytest.mark.parametrize("left", [banned_cookie, banned_header, suspended_cookie])
def test_ban_bars_everything_else(alice, left):
    client = left(alice)

    assert client.get(ME).status_code == 403
    assert client.post("/api/auth/refresh", **FROM_HERE).status_code == 403
    assert client.delete("/api/auth/profile", **FROM_HERE).status_code == 403
