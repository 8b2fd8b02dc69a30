from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import EmailChange, PasswordReset, User
from accounts.tests.mail import code_in, texts_of
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, client_of, person

SEND = "/api/auth/otp/send"
VERIFY = "/api/auth/otp/verify"
ME = "/api/auth/me"
NEW = "alice@example.org"


def ask(client: APIClient, mailbox, new_email: str = NEW) -> str:
    """Ask for a code and return it."""
    response = client.post(SEND, {"newEmail": new_email})
    assert response.status_code == 200, response.content
    return code_in(mailbox.next())


def other_than(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06}"


def email_of(user: User) -> str:
    return User.objects.get(pk=user.pk).email


# Asking for a code


def test_code_is_mailed_to_the_new_address(api, mailbox):
    response = api.post(SEND, {"newEmail": f" {NEW} "})

    assert response.status_code == 200
    assert response.json() == {"message": "A code was sent to the new address"}
    message = mailbox.next()
    assert message.recipients == [NEW]
    assert message["To"] == NEW
    assert message["From"] == "FocusMaster <focusmaster@localhost>"
    assert message["Subject"] == "Your code for FocusMaster"
    assert message["Auto-Submitted"] == "auto-generated"
    assert all("within 10 minutes" in part for part in texts_of(message))
    assert re.fullmatch(r"\d{6}", code_in(message))
    assert mailbox.is_empty()


def test_asking_changes_nothing_yet(api, alice, mailbox):
    api.post(SEND, {"newEmail": NEW})

    assert email_of(alice) == "alice@example.com"
    assert api.get(ME).json()["email"] == "alice@example.com"


def test_code_is_not_stored_as_it_is(api, mailbox):
    code = ask(api, mailbox)

    assert code not in str(EmailChange.objects.values().get())


def test_mail_has_no_word_that_the_sender_chose(alice, mailbox):
    User.objects.filter(pk=alice.pk).update(name="You won! https://evil.example.com")

    client_of(alice).post(SEND, {"newEmail": NEW})

    assert "evil" not in mailbox.next().as_string()


@pytest.mark.parametrize(
    "new_email",
    [
        "",
        "alice",
        "alice@",
        "a@example.com, b@example.com",
        "Alice <alice@example.org>",
        "alice@example.org\nBcc: bob@example.com",
        "alice@example.org\r\n\r\nDear Bob",
        "alice@example.org\u2028Bcc: bob@example.com",
        f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 58}.com",
        None,
        7,
        [NEW],
    ],
)
def test_what_is_no_address_gets_no_mail(api, mailbox, new_email):
    response = api.post(SEND, {"newEmail": new_email})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["newEmail"]
    assert mailbox.is_empty()
    assert not EmailChange.objects.exists()


@pytest.mark.parametrize("body", [{}, {"email": NEW}, {"newEmail": NEW, "name": "x"}])
def test_wrong_fields_are_refused(api, mailbox, body):
    response = api.post(SEND, body)

    assert response.status_code == 400
    assert mailbox.is_empty()


@pytest.mark.parametrize("taken", ["BOB@example.com", "alice@example.com"])
def test_address_of_an_account_is_taken(api, bob, mailbox, taken):
    response = api.post(SEND, {"newEmail": taken})

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert mailbox.is_empty()
    assert not EmailChange.objects.exists()


def test_guest_has_no_email_to_change(db, mailbox):
    guest = User.objects.add_guest()

    response = client_of(guest).post(SEND, {"newEmail": NEW})

    assert response.status_code == 409
    assert response.json()["code"] == "guest_has_no_email"
    assert mailbox.is_empty()


@pytest.mark.parametrize(("method", "path"), [("post", SEND), ("put", VERIFY)])
def test_anonymous_caller_is_unauthorized(anonymous, method, path):
    response = getattr(anonymous, method)(path, {"newEmail": NEW, "otp": "123456"})

    assert response.status_code == 401


def test_fourth_code_within_an_hour_is_refused(api, alice, bob, mailbox):
    codes = [ask(api, mailbox, f"alice{n}@example.org") for n in range(3)]

    response = api.post(SEND, {"newEmail": NEW})

    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 3600
    assert mailbox.is_empty()
    ask(client_of(bob), mailbox)
    assert api.put(VERIFY, {"otp": codes[-1]}).status_code == 200
    assert email_of(alice) == "alice2@example.org"


def test_mailbox_cannot_be_filled_by_many_accounts(db, mailbox):
    people = [client_of(person(f"Person{n}")) for n in range(6)]

    statuses = [
        client.post(SEND, {"newEmail": letters}).status_code
        for client, letters in zip(people, [NEW, NEW.upper()] * 3, strict=True)
    ]

    assert statuses == [200] * 5 + [429]


def test_mail_server_that_is_down_is_said(api, alice, no_mail_server, caplog):
    with caplog.at_level(logging.ERROR):
        response = api.post(SEND, {"newEmail": NEW})

    assert response.status_code == 503
    assert response.json()["code"] == "mail_failed"
    assert int(response["Retry-After"]) >= 1
    assert email_of(alice) == "alice@example.com"
    assert "A mail was not sent: ConnectionRefusedError" in caplog.text
    assert NEW not in caplog.text


def test_address_that_the_mail_server_refuses_is_said(api, mailbox):
    mailbox.refused.add(NEW)

    response = api.post(SEND, {"newEmail": NEW})

    assert response.status_code == 400
    assert response.json()["message"] == "newEmail: mail to this address is refused"


# Confirming it


def test_code_changes_the_address(api, alice, mailbox):
    code = ask(api, mailbox)

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == 200
    assert response.json()["email"] == NEW
    assert response.json() == api.get(ME).json()
    assert email_of(alice) == NEW
    login = {"email": NEW, "password": PASSWORD}
    assert APIClient().post("/api/auth/login", login).status_code == 200
    assert not EmailChange.objects.exists()


def test_old_address_is_told(api, mailbox):
    code = ask(api, mailbox)

    api.put(VERIFY, {"otp": code})

    message = mailbox.next()
    assert message.recipients == ["alice@example.com"]
    assert message["Subject"] == "Your FocusMaster account has a new email address"
    assert all(NEW in part for part in texts_of(message))
    assert mailbox.is_empty()


def test_account_without_an_address_gets_one(api, alice, mailbox):
    User.objects.filter(pk=alice.pk).update(email="")
    code = ask(api, mailbox)

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == 200
    assert email_of(alice) == NEW
    assert mailbox.is_empty()


def test_old_address_that_cannot_be_told_does_not_undo_the_change(
    api, alice, mailbox, caplog
):
    code = ask(api, mailbox)
    mailbox.refused.add("alice@example.com")

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == 200
    assert mailbox.is_empty()
    assert email_of(alice) == NEW
    assert "A mail was not sent: SMTPRecipientsRefused" in caplog.text
    assert "alice" not in caplog.text


def assert_wrong(response) -> None:
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "otp", "message": "this code is wrong or has expired"}
    ]


def test_wrong_code_changes_nothing(api, alice, mailbox):
    code = ask(api, mailbox)

    response = api.put(VERIFY, {"otp": other_than(code)})

    assert_wrong(response)
    assert email_of(alice) == "alice@example.com"
    assert api.put(VERIFY, {"otp": code}).status_code == 200


def test_code_that_was_never_sent_is_wrong(api):
    response = api.put(VERIFY, {"otp": "123456"})

    assert_wrong(response)


def test_code_works_once(api, mailbox):
    code = ask(api, mailbox)
    api.put(VERIFY, {"otp": code})

    response = api.put(VERIFY, {"otp": code})

    assert_wrong(response)


@pytest.mark.parametrize(("minutes", "status"), [(9.9, 200), (10, 400)])
def test_code_expires_after_ten_minutes(api, alice, minutes, status):
    sent_at = timezone.now() - timedelta(minutes=minutes)
    code = EmailChange.objects.start(user=alice, new_email=NEW, at=sent_at)

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == status
    assert (email_of(alice) == NEW) is (status == 200)


def test_newer_code_voids_the_older(api, alice, mailbox):
    old = ask(api, mailbox)
    new = ask(api, mailbox, "alicia@example.org")

    response = api.put(VERIFY, {"otp": old})

    assert_wrong(response)
    assert api.put(VERIFY, {"otp": new}).json()["email"] == "alicia@example.org"


def test_code_of_someone_else_is_wrong(api, bob, mailbox):
    theirs = client_of(bob)
    ask(api, mailbox)
    code = ask(theirs, mailbox, "bob@example.org")

    response = api.put(VERIFY, {"otp": code})

    assert_wrong(response)
    assert theirs.put(VERIFY, {"otp": code}).status_code == 200


@pytest.mark.parametrize(
    "otp", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "1 2345", None, 123456, ["1"]]
)
def test_what_cannot_be_a_code_is_refused_and_is_no_try(api, mailbox, otp):
    code = ask(api, mailbox)

    statuses = [api.put(VERIFY, {"otp": otp}).status_code for _ in range(4)]

    assert statuses == [400] * 4
    assert api.put(VERIFY, {"otp": code}).status_code == 200


def test_address_taken_meanwhile_is_refused(api, alice, mailbox):
    code = ask(api, mailbox)
    User.objects.create(name="Quick", email=NEW.upper())

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert email_of(alice) == "alice@example.com"
    assert mailbox.is_empty()


def test_reset_that_went_to_the_old_address_is_void(api, alice, mailbox):
    PasswordReset.objects.start(user=alice)
    code = ask(api, mailbox)

    api.put(VERIFY, {"otp": code})

    assert not PasswordReset.objects.exists()


def test_both_steps_take_few_queries(api, mailbox, django_assert_num_queries):
    # The token, who has the address, two limits that begin, the code.
    with django_assert_num_queries(7):
        code = ask(api, mailbox)
    # The token, the code, the limit; in a transaction the lock, the code, the address,
    # the resets; in another the look for badges, locked; the profile.
    with django_assert_num_queries(17):
        api.put(VERIFY, {"otp": code})


# Guessing


def test_right_code_does_not_pass_after_three_wrong_ones(api, alice, mailbox):
    code = ask(api, mailbox)

    statuses = [
        api.put(VERIFY, {"otp": other_than(code, n)}).status_code for n in (1, 2, 3)
    ]
    response = api.put(VERIFY, {"otp": code})

    assert statuses == [400] * 3
    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 3600
    assert email_of(alice) == "alice@example.com"


def test_new_code_brings_no_new_tries(api, alice, mailbox):
    code = ask(api, mailbox)
    for n in (1, 2, 3):
        api.put(VERIFY, {"otp": other_than(code, n)})
    code = ask(api, mailbox)

    response = api.put(VERIFY, {"otp": code})

    assert response.status_code == 429
    assert email_of(alice) == "alice@example.com"


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_three_at_most(alice):
    code = EmailChange.objects.start(user=alice, new_email=NEW)
    clients = [client_of(alice) for _ in range(10)]

    responses = run_concurrently(
        *(
            lambda client=client, n=n: client.put(VERIFY, {"otp": other_than(code, n)})
            for n, client in enumerate(clients, 1)
        )
    )

    statuses = [response.status_code for response in responses]
    assert sorted(statuses) == [400] * 3 + [429] * 7


@pytest.mark.django_db(transaction=True)
def test_one_of_two_people_at_once_gets_the_address(alice, bob):
    codes = {
        user: EmailChange.objects.start(user=user, new_email=NEW)
        for user in (alice, bob)
    }
    clients = {user: client_of(user) for user in codes}

    responses = run_concurrently(
        *(
            lambda user=user: clients[user].put(VERIFY, {"otp": codes[user]})
            for user in codes
        )
    )

    assert sorted(response.status_code for response in responses) == [200, 409]
    assert User.objects.filter(email=NEW).count() == 1


@pytest.mark.django_db(transaction=True)
def test_code_sent_twice_at_once_changes_the_address_once(alice, mailbox):
    code = EmailChange.objects.start(user=alice, new_email=NEW)
    clients = [client_of(alice), client_of(alice)]

    responses = run_concurrently(
        *(lambda client=client: client.put(VERIFY, {"otp": code}) for client in clients)
    )

    assert sorted(response.status_code for response in responses) == [200, 400]
    assert email_of(alice) == NEW
    mailbox.next()
    assert mailbox.is_empty()


def test_database_refuses_a_second_code_of_one_person(alice):
    EmailChange.objects.start(user=alice, new_email=NEW)

    with pytest.raises(IntegrityError, match="accounts_emailchange_one_per_user"):
        EmailChange.objects.create(user=alice, new_email=NEW, expires_at=timezone.now())
