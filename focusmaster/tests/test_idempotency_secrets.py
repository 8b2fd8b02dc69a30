"""`Idempotency-Key` where there is no caller, a secret, or no transaction."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.api.idempotency import CLAIM_LIFE
from focusmaster.models import Counter, StoredAnswer
from focusmaster.tests.concurrency import AT_ONCE, run_concurrently
from focusmaster.tests.people import PASSWORD, client_of, person
from moderation.models import Feedback

GUEST = "/api/auth/guest"
LOGIN = "/api/auth/login"
REGISTER = "/api/auth/register"
REFRESH = "/api/auth/refresh"
FEEDBACK = "/api/feedback"
JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}


def post(client: APIClient, path: str, body: dict | None = None, key: str = "1"):
    return client.post(path, body, HTTP_IDEMPOTENCY_KEY=key)


def assert_used(response) -> None:
    assert response.status_code == 409
    assert response.json()["code"] == "idempotency_key_used"
    assert "token" not in response.json()
    assert not response.cookies


# Callers without a token


@pytest.mark.parametrize("body", [None, {}, {"guestId": ""}, {"guestId": None}])
def test_two_guests_with_one_key_are_two(anonymous, body):
    first, second = post(anonymous, GUEST, body), post(APIClient(), GUEST, body)

    assert first.status_code == second.status_code
    if first.status_code == 200:
        assert first.json()["_id"] != second.json()["_id"]
    assert first["Idempotency-Stored"] == second["Idempotency-Stored"] == "false"
    assert not StoredAnswer.objects.exists()


def test_feedback_without_a_token_is_not_stored(anonymous):
    first = post(anonymous, FEEDBACK, {"message": "Hello"})
    second = post(APIClient(), FEEDBACK, {"message": "Hello"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Idempotency-Stored"] == "false"
    assert "Idempotency-Replayed" not in second
    assert Feedback.objects.count() == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"5", b"\xff", b'{"password": 5}'])
def test_broken_bodies_without_a_caller_are_not_stored(anonymous, body):
    response = anonymous.generic(
        "POST", LOGIN, body, "application/json", HTTP_IDEMPOTENCY_KEY="1"
    )

    assert response.status_code == 400
    assert response["Idempotency-Stored"] == "false"


def test_refusal_is_stored_together_with_the_secret(anonymous, alice):
    taken = JOHN | {"email": alice.email}
    first = post(anonymous, REGISTER, taken)
    User.objects.all().delete()

    again = post(APIClient(), REGISTER, taken)
    other = post(APIClient(), REGISTER, taken | {"password": "another1234"})

    assert first.status_code == again.status_code == 409
    assert again["Idempotency-Replayed"] == "true"
    assert other.status_code == 201


# Answers with a token


def test_second_sign_in_under_a_key_is_refused(anonymous, alice):
    body = {"email": alice.email, "password": PASSWORD}
    first = post(anonymous, LOGIN, body)
    SignIn.objects.all().revoke()

    second = post(APIClient(), LOGIN, body)

    assert first.status_code == 200
    assert_used(second)
    assert SignIn.objects.count() == 1
    assert first.json()["token"].encode() not in bytes(
        StoredAnswer.objects.get().answer
    )


def test_second_registration_under_a_key_is_refused(anonymous):
    first, second = post(anonymous, REGISTER, JOHN), post(APIClient(), REGISTER, JOHN)

    assert first.status_code == 201
    assert_used(second)
    assert User.objects.count() == 1


def test_second_refresh_under_a_key_is_refused(api):
    first, second = post(api, REFRESH), post(api, REFRESH)

    assert first.status_code == 200
    assert_used(second)


def test_guest_resumed_under_a_key_is_refused_the_second_time(anonymous):
    guest = {"guestId": anonymous.post(GUEST).json()["_id"]}

    first, second = (post(APIClient(), GUEST, guest) for _ in range(2))

    assert first.json()["_id"] == guest["guestId"]
    assert_used(second)


def test_one_key_for_two_people_is_two_sign_ins(alice, bob):
    for user in (alice, bob):
        body = {"email": user.email, "password": PASSWORD}
        assert post(APIClient(), LOGIN, body).json()["_id"] == user.pk


# Views that run in no transaction


@pytest.mark.django_db(transaction=True)
def test_of_many_sign_ins_at_once_one_is_done():
    body = {"email": person("Alice").email, "password": PASSWORD}

    def sign_in() -> int:
        return post(APIClient(), LOGIN, body).status_code

    codes = run_concurrently(*[sign_in] * 6)

    assert sorted(codes) == [200] + [409] * 5
    assert SignIn.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_guess_is_counted_while_others_guess():
    """Within a transaction the counters would stay locked, and be lost with it."""
    email = person("Alice").email

    def guess(number: int) -> int:
        body = {"email": email, "password": f"wrong-{number}-1a"}
        return post(APIClient(), LOGIN, body, key=f"k{number}").status_code

    codes = [guess(n) for n in range(4)]
    codes += run_concurrently(*(partial(guess, n) for n in range(4, 4 + AT_ONCE)))

    assert set(codes) <= {401, 429}
    assert Counter.objects.filter(count__gte=10).exists()
    assert not StoredAnswer.objects.exists()


def test_claim_of_a_worker_that_died_is_void_after_a_while(anonymous, alice):
    body = {"email": alice.email, "password": PASSWORD}
    post(anonymous, LOGIN, body)
    StoredAnswer.objects.update(answer=b"")
    fresh = post(APIClient(), LOGIN, body)
    late = timezone.now() - CLAIM_LIFE - timedelta(seconds=1)
    StoredAnswer.objects.update(created_at=late)

    assert fresh.json()["code"] == "idempotency_in_flight"
    assert post(APIClient(), LOGIN, body).status_code == 200
    assert_used(post(APIClient(), LOGIN, body))


def test_reply_is_mailed_once_under_a_key(moderator, mailbox):
    row = Feedback.objects.create(message="Hello", email="x@example.com")
    client, path = client_of(moderator), f"/api/admin/feedback/{row.pk}/reply"

    first = post(client, path, {"message": "Thanks"})
    second = post(client, path, {"message": "Thanks"})

    assert first.status_code == 201, first.content
    assert second["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert row.replies.count() == 1
