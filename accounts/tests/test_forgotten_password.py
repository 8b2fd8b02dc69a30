from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import PasswordReset, User
from accounts.tests.mail import only, texts_of
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, client_of

FORGOT = "/api/auth/password/forgot"
RESET = "/api/auth/password/reset"
LOGIN = "/api/auth/login"
ME = "/api/auth/me"
NEW = "tea for two 2"
MESSAGE = "If an account has this address, a mail is on its way to it"
# A mail is made in a thread of its own, which sees only what is committed.
committed = pytest.mark.django_db(transaction=True)


def forget(email: str, address: str = "192.0.2.1"):
    return APIClient().post(FORGOT, {"email": email}, REMOTE_ADDR=address)


def token_in(message) -> str:
    """Return the token as a person copies it out of either part of the mail."""
    text, html = texts_of(message)
    token = only(r"(?m)^ {4}([\w-]{43})$", text)
    assert only(r"<code>([\w-]{43})</code>", html) == token
    return token


def reset(token: str, password: str = NEW):
    return APIClient().post(RESET, {"token": token, "password": password})


def can_sign_in(user: User, password: str) -> bool:
    response = APIClient().post(LOGIN, {"email": user.email, "password": password})
    return response.status_code == 200


def assert_link_refused(response) -> None:
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "field": "token",
            "message": "this link does not work any more; ask for a new one",
        }
    ]


# Asking for a mail


@committed
def test_person_who_forgot_gets_back_in(alice, mailbox):
    response = forget(" ALICE@example.com ")

    assert response.status_code == 200
    assert response.json() == {"message": MESSAGE}
    message = mailbox.next()
    assert message.recipients == ["alice@example.com"]
    assert message["Subject"] == "A new password for FocusMaster"
    assert reset(token_in(message)).status_code == 200
    assert can_sign_in(alice, NEW)
    assert not can_sign_in(alice, PASSWORD)


@committed
def test_mail_links_to_the_page_of_the_client(alice, mailbox, settings):
    settings.CLIENT_URL = "https://app.example.com/focus"

    forget(alice.email)

    message = mailbox.next()
    text, html = texts_of(message)
    link = f"https://app.example.com/focus/reset-password?token={token_in(message)}"
    assert only(r"https://\S+", text) == link
    assert only(r'href="([^"]*)"', html) == link


@committed
def test_mail_has_the_token_alone_where_there_is_no_client(alice, mailbox, settings):
    settings.CLIENT_URL = ""

    forget(alice.email)

    message = mailbox.next()
    assert reset(token_in(message)).status_code == 200
    assert not any("://" in part or "href" in part for part in texts_of(message))


@committed
def test_unknown_address_reads_the_same_and_gets_no_mail(alice, mailbox):
    known, unknown = forget(alice.email), forget("nobody@example.com")

    assert unknown.status_code == known.status_code == 200
    assert unknown.json() == known.json()
    assert mailbox.next().recipients == ["alice@example.com"]
    assert mailbox.is_empty()
    assert PasswordReset.objects.get().user == alice


@pytest.mark.parametrize("email", ["nobody", "%", "alice@example.com\nBcc: b@x.org"])
def test_what_is_no_address_reads_the_same(anonymous, mailbox, email):
    response = anonymous.post(FORGOT, {"email": email})

    assert response.status_code == 200
    assert response.json() == {"message": MESSAGE}
    assert mailbox.is_empty()


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": None}, {"email": 7}, {"mail": "a@b.org"}]
)
def test_missing_or_wrong_field_is_refused(anonymous, mailbox, body):
    response = anonymous.post(FORGOT, body)

    assert response.status_code == 400
    assert mailbox.is_empty()


@committed
def test_account_without_an_address_is_nobodys(mailbox):
    User.objects.add_guest()

    forget(" . ")

    assert mailbox.is_empty()
    assert not PasswordReset.objects.exists()


@committed
def test_mailbox_gets_three_mails_an_hour_and_nobody_can_tell(alice, mailbox):
    answers = [forget(alice.email, f"192.0.2.{n}") for n in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["message"] for answer in answers}) == 1
    tokens = [token_in(mailbox.next()) for _ in range(3)]
    assert mailbox.is_empty()
    assert reset(tokens[-1]).status_code == 200


def test_one_place_asks_ten_times_an_hour(db, mailbox):
    statuses = [forget(f"person{n}@example.com").status_code for n in range(11)]

    assert statuses == [200] * 10 + [429]
    assert forget("person@example.com", "192.0.2.2").status_code == 200


@committed
def test_mail_server_that_is_down_changes_no_answer(alice, no_mail_server, caplog):
    from accounts.mail import BACKGROUND

    with caplog.at_level(logging.ERROR):
        response = forget(alice.email)
        BACKGROUND.submit(lambda: None).result()

    assert response.status_code == 200
    assert "A mail was not sent: ConnectionRefusedError" in caplog.text
    assert alice.email not in caplog.text


# Giving a new password


def test_reset_ends_all_sign_ins_and_starts_none(alice):
    phone = client_of(alice)
    token = PasswordReset.objects.start(user=alice)

    response = reset(token)

    assert response.status_code == 200
    assert response.json() == {"message": "The password is changed. Sign in with it"}
    assert "jwt" not in response.cookies
    assert phone.get(ME).status_code == 401
    assert not alice.sign_ins.live().exists()


def test_reset_takes_few_queries(alice, django_assert_num_queries):
    token = PasswordReset.objects.start(user=alice)

    # The token with its user; in a transaction the lock, the token, the password, the
    # sign-ins.
    with django_assert_num_queries(7):
        reset(token)


def test_token_is_not_stored_as_it_is(alice):
    token = PasswordReset.objects.start(user=alice)

    assert token not in str(PasswordReset.objects.values().get())


def test_token_works_once(alice):
    token = PasswordReset.objects.start(user=alice)
    reset(token)

    response = reset(token, "another one 3")

    assert_link_refused(response)
    assert can_sign_in(alice, NEW)


@pytest.mark.parametrize(("minutes", "status"), [(59.9, 200), (60, 400)])
def test_token_expires_after_an_hour(alice, minutes, status):
    sent_at = timezone.now() - timedelta(minutes=minutes)
    token = PasswordReset.objects.start(user=alice, at=sent_at)

    response = reset(token)

    assert response.status_code == status
    assert can_sign_in(alice, NEW) is (status == 200)


def test_newer_token_voids_the_older(alice):
    old = PasswordReset.objects.start(user=alice)
    new = PasswordReset.objects.start(user=alice)

    response = reset(old)

    assert_link_refused(response)
    assert reset(new).status_code == 200


def test_change_of_the_password_voids_the_token(api, alice):
    token = PasswordReset.objects.start(user=alice)
    api.patch(ME, {"password": "changed it 1", "currentPassword": PASSWORD})

    response = reset(token)

    assert_link_refused(response)
    assert can_sign_in(alice, "changed it 1")


@pytest.mark.parametrize("token", ["x", "A" * 43, "é", "'; --"])
def test_token_that_was_never_given_is_refused(alice, token):
    PasswordReset.objects.start(user=alice)

    response = reset(token)

    assert_link_refused(response)
    assert can_sign_in(alice, PASSWORD)


@pytest.mark.parametrize(
    "password", ["short 1", "password1", "alice@example1", "x1" * 65]
)
def test_unfit_password_is_refused_and_the_token_still_works(alice, password):
    token = PasswordReset.objects.start(user=alice)

    response = reset(token, password)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "password"
    assert can_sign_in(alice, PASSWORD)
    assert reset(token).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("token", None), ("token", 7), ("token", ""), ("password", None), ("name", "x")],
)
def test_wrong_value_is_refused_by_name(alice, anonymous, field, value):
    body = {"token": PasswordReset.objects.start(user=alice), "password": NEW}

    response = anonymous.post(RESET, {**body, field: value})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert can_sign_in(alice, PASSWORD)


def test_banned_person_gets_no_way_in(alice):
    User.objects.filter(pk=alice.pk).update(status="banned", ban_reason="Spam")
    token = PasswordReset.objects.start(user=alice)

    reset(token)

    login = APIClient().post(LOGIN, {"email": alice.email, "password": NEW})
    assert login.status_code == 403
    assert login.json()["message"] == "This account is banned: Spam"
    assert not alice.sign_ins.live().exists()


def test_account_without_a_password_gets_its_first(alice):
    alice.set_unusable_password()
    alice.save()
    token = PasswordReset.objects.start(user=alice)

    response = reset(token)

    assert response.status_code == 200
    assert can_sign_in(alice, NEW)


def test_reset_leaves_others_alone(alice, bob):
    friend = client_of(bob)
    others = PasswordReset.objects.start(user=bob)

    reset(PasswordReset.objects.start(user=alice))

    assert friend.get(ME).status_code == 200
    assert can_sign_in(bob, PASSWORD)
    assert reset(others).status_code == 200


@committed
def test_token_used_twice_at_once_sets_one_password(alice):
    token = PasswordReset.objects.start(user=alice)
    passwords = ["first of two 1", "second of two 2"]

    responses = run_concurrently(
        *(lambda password=password: reset(token, password) for password in passwords)
    )

    statuses = [response.status_code for response in responses]
    assert sorted(statuses) == [200, 400]
    assert can_sign_in(alice, passwords[statuses.index(200)])


def test_database_refuses_a_second_token_of_one_person(alice):
    PasswordReset.objects.start(user=alice)

    with pytest.raises(IntegrityError, match="accounts_passwordreset_one_per_user"):
        PasswordReset.objects.create(
            user=alice, token_hash="x", expires_at=timezone.now()
        )
