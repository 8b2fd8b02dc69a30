"""Google's keys: they change without a restart, and outlast Google itself."""

from __future__ import annotations

import json
import logging

import pytest
from rest_framework.test import APIClient

from accounts.google.exceptions import KeysUnavailable
from accounts.google.keys import (
    LEAST_AGE,
    MAX_BYTES,
    MINUTE,
    MOST_AGE,
    SHORT_PAUSE,
    USUAL_AGE,
    Keys,
    age_in,
)
from accounts.models import FailedSignIn, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.processes import manage, until
from integrations.fakes.google import MAX_AGE, Answer, FakeGoogle, key_id, public_jwk

GOOGLE = "/api/auth/google"


def sign_in(token: str):
    return APIClient().post(GOOGLE, {"credential": token})


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(google, clock) -> Keys:
    return Keys(google.jwks_url, clock=clock)


# As a person meets them


@pytest.mark.django_db
def test_rotated_keys_are_taken_without_a_restart(google):
    before = google.id_token()
    assert sign_in(before).status_code == 200

    google.rotate()

    assert sign_in(google.id_token()).status_code == 200
    assert sign_in(before).status_code == 200


@pytest.mark.django_db
def test_known_keys_go_on_working_while_google_is_down(google):
    assert sign_in(google.id_token()).status_code == 200

    with google.down():
        assert sign_in(google.id_token()).status_code == 200


@pytest.mark.django_db
def test_keys_are_fetched_once_for_many_sign_ins(google):
    for _ in range(5):
        assert sign_in(google.id_token()).status_code == 200

    assert google.certs_asked == 1


@pytest.mark.django_db
def test_nobody_signs_in_before_the_first_key_is_known(google, caplog):
    google.certs_answer = Answer(status=500)

    response = sign_in(google.id_token())

    assert response.status_code == 502
    assert response.json()["code"] == "google_unavailable"
    assert int(response["Retry-After"]) >= 1
    assert not User.objects.exists()
    fetched, refused = [one for one in caplog.records if one.name == "accounts.google"]
    assert "cannot be fetched" in fetched.getMessage()
    assert refused.fields["reason"] == "google_unavailable"
    # It is no fault of the person's.
    assert not FailedSignIn.objects.exists()


@pytest.mark.django_db
def test_not_configured_is_a_normal_state(settings):
    settings.GOOGLE_CLIENT_IDS = []

    response = APIClient().post(GOOGLE, {"credential": "a.b.c"})

    assert response.status_code == 503
    assert response.json()["code"] == "google_not_configured"
    assert "Retry-After" not in response


def test_keys_over_plain_http_are_not_taken_in_production(state_dir):
    production = {
        "DATABASE_URL": "postgresql://me@127.0.0.1/focusmaster",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl",
        "ALLOWED_HOSTS": "focus.example.com",
    }

    done = manage(
        state_dir, "check", GOOGLE_JWKS_URL="http://keys.example.com", **production
    )

    assert done.returncode != 0
    assert "GOOGLE_JWKS_URL must begin with https://" in done.stderr


# Asking for them


def test_unknown_key_is_asked_for_once_a_minute(google, clock, keys):
    assert keys.find(key_id(1))
    assert google.certs_asked == 1

    assert [keys.find(f"made up {n}") for n in range(3)] == [None] * 3
    assert google.certs_asked == 2
    clock.now += MINUTE - 1
    assert keys.find("made up") is None
    assert google.certs_asked == 2
    clock.now += 1
    assert keys.find("made up") is None
    assert google.certs_asked == 3


def test_key_that_appears_within_the_minute_is_there_after_it(google, clock, keys):
    keys.find(key_id(1))
    keys.find("made up")
    google.rotate()
    assert keys.find(key_id(2)) is None

    clock.now += MINUTE

    assert keys.find(key_id(2)) == public_jwk(2)


def test_aged_keys_are_fetched_in_the_background(google, clock, keys):
    keys.find(key_id(1))
    google.rotate()
    google.retire()

    clock.now += MAX_AGE

    assert keys.find(key_id(1))
    until(lambda: keys.find(key_id(1)) is None)
    assert keys.find(key_id(2))


def test_keys_that_have_not_aged_are_not_fetched(google, clock, keys):
    keys.find(key_id(1))

    clock.now += MAX_AGE - 1
    keys.find(key_id(1))

    assert not keys.is_fetching
    assert google.certs_asked == 1


def test_silence_holds_up_nobody_whose_key_is_known(google, clock, keys):
    keys.find(key_id(1))
    google.certs_answer = Answer(silence=True)

    clock.now += MAX_AGE

    assert [keys.find(key_id(1)) for _ in range(5)] == [public_jwk(1)] * 5
    until(lambda: google.certs_asked == 2)


def test_aged_keys_are_asked_for_once_a_minute_while_google_fails(google, clock, keys):
    keys.find(key_id(1))
    google.certs_answer = Answer(status=503)
    clock.now += MAX_AGE

    for _ in range(5):
        assert keys.find(key_id(1))
        until(lambda: not keys.is_fetching)

    assert google.certs_asked == 2
    clock.now += MINUTE
    google.certs_answer = None
    keys.find(key_id(1))
    until(lambda: google.certs_asked == 3)


def test_unknown_key_is_no_forgery_while_google_fails(google, clock, keys):
    keys.find(key_id(1))

    with google.down(), pytest.raises(KeysUnavailable):
        keys.find(key_id(2))

    google.rotate()
    clock.now += MINUTE
    assert keys.find(key_id(2))


def test_first_key_is_asked_for_again_after_a_short_pause(google, clock, keys):
    google.certs_answer = Answer(status=500)
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            keys.find(key_id(1))
    assert google.certs_asked == 1

    google.certs_answer = None
    clock.now += SHORT_PAUSE

    assert keys.find(key_id(1))
    assert google.certs_asked == 2


def test_sign_ins_at_once_share_one_fetch(google, keys):
    found = run_concurrently(*[lambda: keys.find(key_id(1))] * 8)

    assert found == [public_jwk(1)] * 8
    assert google.certs_asked == 1


# Answers that are no good


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=404, body=json.dumps({"keys": [public_jwk(1)]}).encode()),
        Answer(status=204),
        Answer(body=b"<!doctype html><p>Sign in to the hotel's network"),
        Answer(body=b""),
        Answer(body=b"\xff\xfe"),
        Answer(body=b"null"),
        Answer(body=b"[]"),
        Answer(body=b"{}"),
        Answer(body=b'{"keys": {}}'),
        Answer(body=b'{"keys": []}'),
        Answer(body=b'{"keys": [null]}'),
        Answer(body=b'{"keys": "key-1"}'),
        Answer(body=b"[" * 60_000),
        Answer(body=json.dumps({"keys": [{"kty": "RSA"}]}).encode()),
        Answer(body=json.dumps({"keys": [public_jwk(1) | {"kid": 1}]}).encode()),
        Answer(body=json.dumps({"keys": [public_jwk(1) | {"use": "enc"}]}).encode()),
        Answer(body=json.dumps({"keys": [public_jwk(1) | {"alg": "HS256"}]}).encode()),
        Answer(
            body=b'{"keys": [{"kid": "key-1", "kty": "oct", "k": "c2VjcmV0"}]}',
        ),
        Answer(body=b" " * MAX_BYTES + json.dumps({"keys": [public_jwk(1)]}).encode()),
        Answer(headers={"Content-Encoding": "gzip"}, body=b"no gzip"),
    ],
)
def test_bad_answer_gives_no_key(google, keys, caplog, answer):
    google.certs_answer = answer

    with pytest.raises(KeysUnavailable):
        keys.find(key_id(1))

    (line,) = [one for one in caplog.records if one.name == "accounts.google"]
    assert line.levelno == logging.WARNING
    assert "cannot be fetched" in line.getMessage()


def test_bad_answer_leaves_the_keys_that_are_known(google, clock, keys):
    keys.find(key_id(1))
    google.certs_answer = Answer(body=b'{"keys": []}')

    clock.now += MAX_AGE
    keys.find(key_id(1))
    until(lambda: not keys.is_fetching)

    assert keys.find(key_id(1)) == public_jwk(1)


def test_redirect_is_not_followed(google, keys):
    with FakeGoogle() as other:
        google.certs_answer = Answer(302, headers={"Location": other.jwks_url})

        with pytest.raises(KeysUnavailable):
            keys.find(key_id(1))

        assert other.certs_asked == 0


def test_silence_is_waited_for_no_longer_than_a_person_would(google):
    google.certs_answer = Answer(silence=True)
    impatient = Keys(google.jwks_url, max_wait=0.01)

    with pytest.raises(KeysUnavailable):
        impatient.find(key_id(1))


def test_environment_s_proxy_is_not_asked(google, keys, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert keys.find(key_id(1))


@pytest.mark.parametrize(
    ("header", "age"),
    [
        ("public, max-age=19000, must-revalidate", 19_000),
        ("max-age=0", LEAST_AGE),
        ("max-age=999999999", MOST_AGE),
        ("max-age=99999999999999999999", MOST_AGE),
        ("no-cache", USUAL_AGE),
        ("max-age=soon", USUAL_AGE),
        ("", USUAL_AGE),
    ],
)
def test_age_that_google_gives_is_kept_within_bounds(header, age):
    assert age_in(header) == age
