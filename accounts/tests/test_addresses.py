"""One mailbox is one account, whatever the spelling of its address."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from accounts.models import EmailChange, User
from accounts.tests.mail import code_in
from focusmaster.tests.people import PASSWORD, client_of

REGISTER, LOGIN = "/api/auth/register", "/api/auth/login"

MUNICH = "ada@m\u00fcnchen.example"
SPELLINGS = [
    "ada@m\u00fcnchen.example",
    "ADA@M\u00dcNCHEN.EXAMPLE",
    "ada@mu\u0308nchen.example",
    "ada@xn--mnchen-3ya.example",
    "Ada@XN--MNCHEN-3YA.example",
    "ada@m\u00fcnchen\u3002example",
    "ada@m\u00fcnchen\uff0e\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45",
    "ada@m\u00fcn\u00adchen.example",
]
INVALID = [
    "\u212aelvin@example.com",  # the Kelvin sign
    "a\u0131a@example.com",  # a dotless i
    "a\u017fa@example.com",  # a long s
    "\uff41da@example.com",
    "\u00e4da@example.com",
    "ada@\u05d0a.com",
    "ada@a\u200db.com",
    "ada@xn--a.com",
    "ada@xn--zzzzzz.com",
    "ada@\u2615.com",
    "ada@" + "\u00fc" * 60 + ".com",
    "ada@-\u00fc.com",
    "ada@\u00fc_b.com",
    "ada\x01@example.com",
    '"a\x07b"@example.com',
    "ada\u202e@example.com",
    "ada@exa\nmple.com",
]


def register(email: str):
    body = {"name": "Ada", "email": email, "password": PASSWORD}
    return APIClient().post(REGISTER, body)


def login(email: str):
    return APIClient().post(LOGIN, {"email": email, "password": PASSWORD})


@pytest.mark.parametrize("first", SPELLINGS)
def test_every_spelling_is_one_account(db, first):
    created = register(first)

    assert created.status_code == 201
    for spelling in SPELLINGS:
        again = register(spelling)
        assert (again.status_code, again.json()["code"]) == (409, "email_taken")
        assert login(spelling).json()["_id"] == created.json()["_id"]
    assert User.objects.count() == 1


def test_sharp_s_is_another_domain_than_ss(db):
    assert register("ada@stra\u00dfe.example").status_code == 201
    assert register("ada@strasse.example").status_code == 201
    assert register("ada@xn--strae-oqa.example").status_code == 409


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Ada@Example.COM", "Ada@Example.COM"),
        ("Ada@xn--mnchen-3ya.de", "Ada@m\u00fcnchen.de"),
        ("ada@M\u00fcnchen.de", "ada@M\u00fcnchen.de"),
        ("ada@mu\u0308nchen.de", "ada@m\u00fcnchen.de"),
        ("ada@\uff45xample.com", "ada@example.com"),
        (" ada@example.com\u3000", "ada@example.com"),
    ],
)
def test_address_is_shown_as_given_with_its_domain_in_unicode(db, given, shown):
    assert register(given).json()["email"] == shown


@pytest.mark.parametrize("email", INVALID)
def test_address_without_mail_is_refused_where_it_is_given(api, mailbox, email):
    refusals = [
        register(email),
        api.post("/api/auth/otp/send", {"newEmail": email}),
        api.post("/api/feedback", {"message": "Hello", "email": email}),
    ]

    assert [response.status_code for response in refusals] == [400] * 3
    assert mailbox.is_empty()


@pytest.mark.parametrize("email", INVALID)
def test_what_is_no_address_signs_nobody_in(alice, email):
    register("kelvin@example.com")

    assert login(email).status_code == 401


def test_code_goes_to_the_domain_in_ascii(api, alice, mailbox):
    sent = api.post("/api/auth/otp/send", {"newEmail": "ada@stra\u00dfe.example"})
    mail = mailbox.next()

    assert sent.status_code == 200
    assert mail.recipients == ["ada@xn--strae-oqa.example"]
    changed = api.put("/api/auth/otp/verify", {"otp": code_in(mail)})
    assert changed.json()["email"] == "ada@stra\u00dfe.example"
    assert login("ada@XN--strae-oqa.example").status_code == 200


def test_code_goes_to_another_spelling_of_ones_own(db, mailbox):
    register(MUNICH)
    me = client_of(User.objects.get())

    sent = me.post("/api/auth/otp/send", {"newEmail": "ADA@xn--mnchen-3ya.example"})

    assert sent.status_code == 200
    changed = me.put("/api/auth/otp/verify", {"otp": code_in(mailbox.next())})
    assert changed.json()["email"] == "ADA@m\u00fcnchen.example"


def test_another_spelling_of_somebody_elses_is_taken(api, alice, mailbox):
    register(MUNICH)

    refused = api.post("/api/auth/otp/send", {"newEmail": SPELLINGS[3]})

    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
    assert mailbox.is_empty()
    assert not EmailChange.objects.exists()


def test_profile_takes_another_spelling_of_the_present_address(db):
    register(MUNICH)
    me = client_of(User.objects.get())

    assert me.put("/api/auth/profile", {"email": SPELLINGS[3]}).status_code == 200


def test_guesses_by_other_spellings_count_for_one_account(db):
    register(MUNICH)
    spellings = SPELLINGS * 2
    wrong = [
        APIClient().post(LOGIN, {"email": email, "password": "wrong1234"})
        for email in spellings[:11]
    ]

    assert [response.status_code for response in wrong] == [401] * 10 + [429]


def test_database_refuses_a_second_key(alice, bob):
    with (
        pytest.raises(IntegrityError, match="accounts_user_email_key_unique"),
        transaction.atomic(),
    ):
        User.objects.filter(pk=bob.pk).update(email="Alice@EXAMPLE.com")
    with (
        pytest.raises(IntegrityError, match="accounts_user_email_has_key"),
        transaction.atomic(),
    ):
        User.objects.filter(pk=bob.pk).update(email_key="")


def test_accounts_that_share_a_mailbox_both_work(db, capsys):
    """As the migration leaves them: the second one has its own spelling for a key."""
    from django.core.management import call_command

    first = User.objects.register(
        name="Ada", email="ada@xn--mnchen-3ya.example", password=PASSWORD
    )
    second = User.objects.register(
        name="Ada", email="other@example.com", password=PASSWORD
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET email = %s, email_key = '' WHERE email = %s",
            [MUNICH, second.email],
        )

    assert login(MUNICH).json()["_id"] == second.pk
    for spelling in SPELLINGS[2:]:
        assert login(spelling).json()["_id"] == first.pk
    call_command("shared_mailboxes")
    assert f"{first.pk} ada@xn--mnchen-3ya.example and {second.pk} {MUNICH}" in (
        capsys.readouterr().out
    )
