from __future__ import annotations

import logging

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, browser_of, client_of
from kanban.models import Task

GUEST = "/api/auth/guest"
REGISTER = "/api/auth/register"
ME = "/api/auth/me"
OWN = {"HTTP_ORIGIN": "http://testserver"}
CAROL = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}
DAVE = {"name": "Dave", "email": "dave@example.com", "password": PASSWORD}


@pytest.fixture
def guest(db) -> User:
    return User.objects.add_guest()


def bearer(token: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


# Starting as a guest


def test_guest_needs_nothing(anonymous):
    response = anonymous.post(GUEST)

    assert response.status_code == 200
    user = User.objects.get()
    token = response.json()["token"]
    assert response.json() == {
        "_id": user.pk,
        "name": "Guest",
        "email": "",
        "picture": "",
        "role": "user",
        "isGuest": True,
        "points": 0,
        "token": token,
    }
    assert response.cookies["jwt"].value == token
    assert bearer(token).get(ME).json()["isGuest"] is True
    assert not user.has_usable_password()


@pytest.mark.parametrize("body", [{}, {"guestId": None}, {"guestId": ""}])
def test_each_guest_without_an_id_is_a_new_one(guest, body):
    response = APIClient().post(GUEST, body)

    assert response.status_code == 200
    assert response.json()["_id"] != guest.pk
    assert User.objects.guests().count() == 2


def test_sign_in_of_a_guest_is_kept_with_its_device(anonymous):
    anonymous.post(GUEST, HTTP_USER_AGENT="curl/8.5.0", REMOTE_ADDR="192.0.2.7")

    sign_in = SignIn.objects.get()
    assert (sign_in.device, sign_in.ip_address) == ("curl/8.5.0", "192.0.2.7")


def test_guest_can_use_the_board(anonymous):
    client = bearer(anonymous.post(GUEST).json()["token"])

    response = client.post("/api/tasks", {"title": "Look around"})

    assert response.status_code == 201
    assert Task.objects.get().user.is_guest


@pytest.mark.parametrize(
    ("field", "value"),
    [("guestId", 7), ("guestId", ["x"]), ("guestId", {"$ne": ""}), ("guestid", "x")],
)
def test_wrong_value_is_refused_by_name(guest, field, value):
    response = APIClient().post(GUEST, {field: value})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert User.objects.get() == guest


def test_new_guest_takes_few_queries(anonymous, django_assert_num_queries):
    # The look for one who comes back; in a transaction the guest and the sign-in; the
    # points.
    with django_assert_num_queries(6):
        anonymous.post(GUEST)


# Coming back


def test_id_of_a_guest_resumes_the_account(guest):
    Task.objects.add(user=guest, title="Left over")

    response = APIClient().post(GUEST, {"guestId": guest.pk})

    assert response.status_code == 200
    assert response.json()["_id"] == guest.pk
    client = bearer(response.json()["token"])
    assert [task["title"] for task in client.get("/api/tasks").json()] == ["Left over"]
    assert User.objects.get() == guest


def test_return_takes_few_queries(guest, django_assert_num_queries):
    # The guest; in a transaction the lock and the sign-in; the points.
    with django_assert_num_queries(6):
        APIClient().post(GUEST, {"guestId": guest.pk})


def test_answer_can_be_sent_back_with_the_id(guest):
    answer = APIClient().post(GUEST, {"guestId": guest.pk}).json()

    response = APIClient().post(GUEST, {**answer, "guestId": guest.pk})

    assert response.json()["_id"] == guest.pk


def assert_new_guest(response) -> None:
    assert response.status_code == 200
    assert response.json()["isGuest"] is True
    user = User.objects.get(pk=response.json()["_id"])
    assert user.is_guest
    assert list(SignIn.objects.values_list("user", flat=True)) == [user.pk]


@pytest.mark.parametrize("cast", ["alice", "moderator"])
def test_id_of_another_account_is_ignored(anonymous, request, cast):
    person = request.getfixturevalue(cast)

    response = anonymous.post(GUEST, {"guestId": person.pk})

    assert_new_guest(response)
    assert response.json()["_id"] != person.pk


@pytest.mark.parametrize(
    "guest_id",
    [
        "507f1f77bcf86cd799439011",
        "guest",
        "507F1F77BCF86CD799439011",
        "x" * 24,
        "507f1f77bcf86cd799439011\\n",
        "' OR 1=1 --",
    ],
)
def test_id_of_nobody_is_ignored(anonymous, guest_id):
    response = anonymous.post(GUEST, {"guestId": guest_id})

    assert_new_guest(response)
    assert response.json()["_id"] != guest_id


def test_id_of_a_guest_who_has_an_account_now_is_ignored(guest):
    client_of(guest).post(REGISTER, CAROL)
    SignIn.objects.all().delete()

    response = APIClient().post(GUEST, {"guestId": guest.pk})

    assert_new_guest(response)
    assert response.json()["_id"] != guest.pk


def test_log_does_not_tell_the_id_that_lets_in(guest, caplog):
    client = client_of(guest)
    caplog.set_level(logging.INFO, "focusmaster.request")

    client.get(ME)
    client.get("/api/tasks")
    client.post(REGISTER, CAROL)
    client.get(ME)

    users = [record.fields["user"] for record in caplog.records]
    assert users[0] == users[1] == users[2] != guest.pk
    assert users[3] == guest.pk


def test_banned_guest_reads_why(guest):
    User.objects.filter(pk=guest.pk).update(status="banned", ban_reason="Spam")

    response = APIClient().post(GUEST, {"guestId": guest.pk})

    assert response.status_code == 403
    assert response.json()["message"] == "This account is banned: Spam"
    assert not SignIn.objects.exists()


def test_database_refuses_a_guest_with_an_email(guest):
    with pytest.raises(
        IntegrityError, match="accounts_user_guest_has_no_email_or_role"
    ):
        User.objects.filter(pk=guest.pk).update(email="guest@example.com")


def test_database_refuses_an_admin_whom_a_known_id_lets_in(guest):
    with pytest.raises(
        IntegrityError, match="accounts_user_guest_has_no_email_or_role"
    ):
        User.objects.filter(pk=guest.pk).update(role="admin")


def test_guest_cannot_set_a_password_that_nothing_takes(guest):
    client = client_of(guest)

    response = client.patch(ME, {"password": PASSWORD})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "password"
    assert not stored(guest).has_usable_password()
    assert client.get(ME).status_code == 200


# Becoming an account


def test_guest_who_registers_keeps_everything(guest):
    client = client_of(guest)
    task = client.post("/api/tasks", {"title": "Write"}).json()
    session = {
        "type": "focus",
        "startTime": "2026-02-02T10:00:00Z",
        "duration": 1500,
        "task": task["_id"],
    }
    session = client.post("/api/sessions", session).json()
    client.patch(ME, {"settings": {"theme": "dark"}})

    response = client.post(REGISTER, CAROL)

    assert response.status_code == 201
    token = response.json()["token"]
    assert response.json() == {
        "_id": guest.pk,
        "name": "Carol",
        "email": "carol@example.com",
        "picture": "",
        "role": "user",
        "isGuest": False,
        "points": 10,
        "token": token,
    }
    client = bearer(token)
    assert client.get(ME).json()["settings"]["theme"] == "dark"
    assert client.get("/api/tasks").json()[0]["completedPomodoros"] == 1
    assert client.get("/api/sessions").json() == [session]
    assert User.objects.get() == guest


def test_guest_who_registered_signs_in_with_the_password(guest):
    client_of(guest).post(REGISTER, CAROL)

    response = APIClient().post(
        "/api/auth/login", {"email": CAROL["email"], "password": PASSWORD}
    )

    assert response.status_code == 200
    assert response.json()["_id"] == guest.pk


def test_guest_registers_with_the_cookie(guest):
    browser = browser_of(guest)

    response = browser.post(REGISTER, CAROL, **OWN)

    assert response.status_code == 201
    assert response.json()["_id"] == guest.pk
    assert response.cookies["jwt"].value == response.json()["token"]


def test_cookie_of_a_guest_counts_from_here_only(guest):
    response = browser_of(guest).post(
        REGISTER, CAROL, HTTP_ORIGIN="https://evil.example.com"
    )

    assert response.status_code == 403
    assert response.json()["code"] == "origin_not_allowed"
    assert stored(guest).is_guest


def test_other_sign_ins_of_the_guest_end(guest):
    here, elsewhere = client_of(guest), client_of(guest)

    here.post(REGISTER, CAROL)

    assert here.get(ME).json()["name"] == "Carol"
    assert elsewhere.get(ME).status_code == 401
    assert guest.sign_ins.live().count() == 1


def test_registration_that_is_sent_again_shows_no_token_again(guest):
    client = client_of(guest)
    first = client.post(REGISTER, CAROL, HTTP_IDEMPOTENCY_KEY="register-1")

    again = client.post(REGISTER, CAROL, HTTP_IDEMPOTENCY_KEY="register-1")

    assert (first.status_code, again.status_code) == (201, 409)
    assert stored(guest).sign_ins.live().count() == 1


def test_taken_email_leaves_the_guest_as_it_was(guest, alice):
    client = client_of(guest)

    response = client.post(REGISTER, {**CAROL, "email": "ALICE@example.com"})

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    user = stored(guest)
    assert (user.name, user.email, user.is_guest) == ("Guest", "", True)
    assert not user.has_usable_password()
    assert client.get(ME).json()["isGuest"] is True


def test_unfit_password_leaves_the_guest_as_it_was(guest):
    response = client_of(guest).post(REGISTER, {**CAROL, "password": "password1"})

    assert response.status_code == 400
    assert stored(guest).is_guest


@pytest.mark.parametrize("headers", [{}, OWN])
def test_token_of_a_full_account_makes_another_account(alice, headers):
    for client in (client_of(alice), browser_of(alice)):
        account = DAVE if "jwt" in client.cookies else CAROL

        response = client.post(REGISTER, account, **headers)

        assert response.status_code == 201
        assert response.json()["_id"] != alice.pk
    assert stored(alice).email == "alice@example.com"
    assert User.objects.count() == 3


def test_banned_guest_does_not_become_an_account(guest):
    User.objects.filter(pk=guest.pk).update(status="banned", ban_reason="Spam")

    response = client_of(guest).post(REGISTER, CAROL)

    assert response.status_code == 201
    assert response.json()["_id"] != guest.pk
    assert stored(guest).is_guest


def test_becoming_an_account_takes_few_queries(guest, django_assert_num_queries):
    client = client_of(guest)

    # The token; in a transaction, and for the email's constraint in another, the change
    # and the account; the sign-ins; the points.
    with django_assert_num_queries(10):
        client.post(REGISTER, CAROL)


# Two at once


@pytest.mark.django_db(transaction=True)
def test_one_of_two_registrations_of_a_guest_at_once_keeps_the_data():
    guest = User.objects.add_guest()
    Task.objects.add(user=guest, title="Mine")
    clients = [client_of(guest), client_of(guest)]

    responses = run_concurrently(
        lambda: clients[0].post(REGISTER, CAROL),
        lambda: clients[1].post(REGISTER, DAVE),
    )

    assert [response.status_code for response in responses] == [201, 201]
    ids = [response.json()["_id"] for response in responses]
    assert ids.count(guest.pk) == 1
    assert User.objects.count() == 2
    assert not User.objects.guests().exists()
    for response in responses:
        me = bearer(response.json()["token"]).get(ME).json()
        assert me["_id"] == response.json()["_id"]
    assert Task.objects.get().user_id == guest.pk


@pytest.mark.django_db(transaction=True)
def test_button_pressed_twice_makes_one_account():
    guest = User.objects.add_guest()
    clients = [client_of(guest), client_of(guest)]

    responses = run_concurrently(
        *(lambda client=client: client.post(REGISTER, CAROL) for client in clients)
    )

    assert sorted(response.status_code for response in responses) == [201, 409]
    assert User.objects.get().pk == guest.pk


@pytest.mark.django_db(transaction=True)
def test_guest_is_resumed_before_the_registration_or_not_at_all():
    guest = User.objects.add_guest()
    client = client_of(guest)

    registered, resumed = run_concurrently(
        lambda: client.post(REGISTER, CAROL),
        lambda: APIClient().post(GUEST, {"guestId": guest.pk}),
    )

    assert registered.status_code == 201
    assert resumed.status_code == 200
    me = bearer(resumed.json()["token"]).get(ME)
    # Begun before, it has ended; begun after, it is someone new.
    assert me.status_code == 401 or me.json()["isGuest"]
    assert guest.sign_ins.live().count() == 1
