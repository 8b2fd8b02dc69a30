"""A ban and a sign-in at the same moment: lifted, the ban leaves no way in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import transaction
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.google.linking import PROVIDER
from accounts.models import SignIn, User
from focusmaster.tests.concurrency import run_concurrently, run_during
from focusmaster.tests.people import PASSWORD, browser_of, client_of, person
from focusmaster.tests.processes import Service, manage
from moderation.actors import Actor
from moderation.models import Ban

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "/api/auth/login"
REGISTER = "/api/auth/register"
GUEST = "/api/auth/guest"
GOOGLE = "/api/auth/google"
REFRESH = "/api/auth/refresh"
ME = "/api/auth/me"
OPERATOR = Actor(None, "root")
ROUNDS = 10


def ban(user: User) -> None:
    Ban.objects.impose(user_id=user.pk, by=OPERATOR, reason="Spam")


def lift(user: User) -> None:
    Ban.objects.lift(user_id=user.pk, by=OPERATOR)


def login(user: User) -> Response:
    return APIClient().post(LOGIN, {"email": user.email, "password": PASSWORD})


def is_banned(response: Response) -> bool:
    return response.status_code == 403 and response.json()["code"] == "banned"


def opens(response: Response) -> bool:
    """Tell whether the token that was given, if one was, lets its bearer in."""
    token = response.json().get("token", "none")
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME).status_code == 200


def during_a_ban(user: User, act: Callable[[], Response]) -> Response:
    """Return the response to a request that begins before a ban is committed."""
    return run_during(lambda: ban(user), act)


def test_password_does_not_sign_in_after_a_ban_that_began_before(alice):
    response = during_a_ban(alice, lambda: login(alice))

    assert is_banned(response)
    assert not SignIn.objects.exists()


def test_guest_does_not_come_back_after_a_ban_that_began_before():
    guest = User.objects.add_guest()

    response = during_a_ban(
        guest, lambda: APIClient().post(GUEST, {"guestId": guest.pk})
    )

    assert is_banned(response)
    assert not SignIn.objects.exists()
    assert User.objects.get() == guest


def test_google_does_not_sign_in_after_a_ban_that_began_before(alice, google):
    alice.social_auth.create(provider=PROVIDER, uid="7")
    token = google.id_token(sub="7")

    response = during_a_ban(
        alice, lambda: APIClient().post(GOOGLE, {"credential": token})
    )

    assert is_banned(response)
    assert not SignIn.objects.exists()


def test_new_password_keeps_no_browser_signed_in_after_a_ban(alice):
    browser = browser_of(alice)
    new = {"password": "tea for two 2", "currentPassword": PASSWORD}

    response = during_a_ban(
        alice,
        lambda: browser.patch(ME, new, HTTP_ORIGIN="http://testserver"),
    )

    assert is_banned(response)
    lift(alice)
    assert browser.get(ME).status_code == 401
    assert not SignIn.objects.live().exists()


def test_sign_in_that_begins_before_the_ban_is_ended_by_it(alice):
    responses = []

    run_during(lambda: responses.append(login(alice)), lambda: ban(alice))

    lift(alice)
    assert responses[0].status_code == 200
    assert not opens(responses[0])


@pytest.mark.parametrize("way", ["login", "refresh"])
def test_no_token_outlives_a_ban_at_the_same_moment(alice, way):
    for _ in range(ROUNDS):
        client = client_of(alice)
        act = {
            "login": lambda: login(alice),
            "refresh": lambda client=client: client.post(REFRESH),
        }[way]

        response, _ = run_concurrently(act, lambda: ban(alice))

        assert response.status_code == 200 or is_banned(response)
        lift(alice)
        assert not opens(response)
        assert not SignIn.objects.live().exists()


def test_sign_ins_of_two_people_do_not_wait_for_each_other(alice):
    bob = person("Bob")

    with transaction.atomic():
        ban(alice)
        (response,) = run_concurrently(lambda: login(bob))

    assert response.status_code == 200


# The workers of a real service, each with what it keeps of whom it has met.


def test_ban_holds_at_once_in_every_worker(migrated_dir):
    with Service(migrated_dir, "--workers", "2") as service:

        def statuses(**headers: str) -> set[int]:
            """Ask on new connections, which the workers share among themselves."""
            return {service.send("GET", ME, **headers)[0] for _ in range(20)}

        eve = {"email": "eve@example.com", "password": PASSWORD}
        text = service.send("POST", REGISTER, {"name": "Eve", **eve})[1]
        token = json.loads(text)["token"]
        header = {"Authorization": f"Bearer {token}"}
        cookie = {"Cookie": f"{settings.TOKEN_COOKIE}={token}"}
        assert statuses(**header) == statuses(**cookie) == {200}

        banned = manage(migrated_dir, "ban", eve["email"], "--reason", "Spam")

        assert banned.returncode == 0, banned.stderr
        assert statuses(**header) == statuses(**cookie) == {403}
        assert service.send("POST", LOGIN, eve)[0] == 403
