"""Passwords in NFC, and hashes from before that."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import User
from accounts.passwords import Argon2Hasher
from focusmaster.tests.people import client_of

PAIRS = [
    ("gehe\u00efm12", "gehei\u0308m12"),
    ("\ud55c\uae00\ud55c\uae00\ud55c\uae00ab12", None),
    ("\u1ec7\u1ec7\u1ec7\u1ec7\u1ec7\u1ec7x1", "e\u0323\u0302" * 6 + "x1"),
    ("\u00e5ngstr\u00f6m77", "\u212bngstro\u0308m77".lower()),
]
PAIRS = [
    (composed, decomposed or "\u1112\u1161\u11ab\u1100\u1173\u11af" * 3 + "ab12")
    for composed, decomposed in PAIRS
]


def login(user: User, password: str) -> int:
    body = {"email": user.email, "password": password}
    return APIClient().post("/api/auth/login", body).status_code


def raw_hash(password: str) -> str:
    """Return the hash of a password as it is, as hashes once were made."""
    hasher = Argon2Hasher()
    return super(Argon2Hasher, hasher).encode(password, hasher.salt())


@pytest.mark.parametrize(("composed", "decomposed"), PAIRS)
@pytest.mark.parametrize("registers_composed", [True, False])
def test_password_opens_in_either_form(db, composed, decomposed, registers_composed):
    password = composed if registers_composed else decomposed
    body = {"name": "Eve", "email": "eve@example.com", "password": password}
    assert APIClient().post("/api/auth/register", body).status_code == 201
    user = User.objects.get()

    assert login(user, composed) == login(user, decomposed) == 200
    assert login(user, composed + "x") == login(user, decomposed + "x") == 401


@pytest.mark.parametrize(("composed", "decomposed"), PAIRS)
def test_old_hash_opens_as_typed_and_is_then_written_anew(alice, composed, decomposed):
    User.objects.filter(pk=alice.pk).update(password=raw_hash(decomposed))

    assert login(alice, composed) == 401
    assert login(alice, decomposed) == 200
    assert login(alice, composed) == 200
    assert login(alice, decomposed) == 200


def test_hash_of_another_cost_is_written_anew(alice):
    other, composed = Argon2Hasher(), PAIRS[0][0]
    other.memory_cost = 16
    User.objects.filter(pk=alice.pk).update(password=other.encode(composed, "salt" * 4))

    assert login(alice, composed) == 200

    alice.refresh_from_db()
    assert not Argon2Hasher().must_update(alice.password)
    assert login(alice, composed) == 200


def test_new_password_is_changed_and_asked_for_in_either_form(alice):
    composed, decomposed = PAIRS[0]
    User.objects.filter(pk=alice.pk).update(password=raw_hash(decomposed))
    alice.refresh_from_db()
    body = {"password": "an0ther-One", "currentPassword": decomposed}

    assert client_of(alice).put("/api/auth/profile", body).status_code == 200
    body = {"password": composed, "currentPassword": "an0ther-One"}
    alice.refresh_from_db()
    assert client_of(alice).put("/api/auth/profile", body).status_code == 200
    assert login(alice, decomposed) == 200


@pytest.mark.parametrize("password", ["\x01\x02\x03abc\x7f12", "a1\u202e\u200b      "])
def test_password_may_hold_anything_but_nul(db, password):
    body = {"name": "Eve", "email": "eve@example.com", "password": password}

    assert APIClient().post("/api/auth/register", body).status_code == 201
    assert login(User.objects.get(), password) == 200


def test_length_of_a_password_counts_its_normal_form(db):
    longest = "e\u0301" * 127 + "1"
    body = {"name": "Eve", "email": "eve@example.com", "password": longest + "x"}
    assert APIClient().post("/api/auth/register", body).status_code == 400
    body["password"] = longest
    assert APIClient().post("/api/auth/register", body).status_code == 201

    seven = {**body, "email": "x@example.com", "password": "e\u0301" * 6 + "1"}
    assert APIClient().post("/api/auth/register", seven).status_code == 400


def test_command_hashes_in_the_normal_form_too(db, monkeypatch):
    composed, decomposed = PAIRS[0]
    monkeypatch.setenv("ADMIN_PASSWORD", decomposed)
    call_command("createadmin", "root@example.com", verbosity=0)

    assert login(User.objects.get(), composed) == 200
