"""What is no good ID token signs nobody in, and leaves a line in the log."""

from __future__ import annotations

import hmac
import json
import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import FailedSignIn, SignIn, User
from focusmaster.tests.people import person, token_of
from integrations.fakes.google import FakeGoogle, key_id, private_key

pytestmark = pytest.mark.django_db

GOOGLE = "/api/auth/google"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
# A key that is none of Google's.
FORGERS = 99

Forgery = Callable[[FakeGoogle], str]
NOW = int(time.time())
HOUR = 3600


def sign_in(token: Any, client: APIClient | None = None, **headers):
    return (client or APIClient()).post(GOOGLE, {"credential": token}, **headers)


# Making what Google never gave


def claiming(**claims: Any) -> Forgery:
    """Return how to make a token that Google signs, with these claims."""
    return lambda google: google.id_token(**claims)


def headed(**headers: Any) -> Forgery:
    """Return how to make a genuine token with these headers instead."""
    return lambda google: signed_as(google, private_key(1), headers)


def signed_as(
    google: FakeGoogle, key: Any, headers: dict[str, Any], algorithm: str = "RS256"
) -> str:
    """Sign the claims of a good token; a header that is None is left out."""
    headers = {"kid": key_id(1), "alg": algorithm, "typ": "JWT"} | headers
    headers = {name: value for name, value in headers.items() if value is not None}
    signed = f"{encoded(headers)}.{encoded(google.claims())}"
    signer = jwt.get_algorithm_by_name(algorithm)
    return f"{signed}.{base64(signer.sign(signed.encode(), signer.prepare_key(key)))}"


def encoded(value: Any) -> str:
    return base64(json.dumps(value).encode())


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(**headers: Any) -> Forgery:
    head = {"alg": "none", "kid": key_id(1), **headers}
    return lambda google: f"{encoded(head)}.{encoded(google.claims())}."


def with_secret(secret: Callable[[], bytes]) -> Forgery:
    """Sign with what everyone knows, as if it were a secret."""

    def forge(google: FakeGoogle) -> str:
        head = encoded({"alg": "HS256", "kid": key_id(1)})
        signed = f"{head}.{encoded(google.claims())}"
        mac = hmac.new(secret(), signed.encode(), sha256)
        return f"{signed}.{base64(mac.digest())}"

    return forge


def public_pem() -> bytes:
    key = private_key(1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_jwk() -> bytes:
    return RSAAlgorithm.to_jwk(private_key(1).public_key()).encode()


def with_key(key: Callable[[], Any], algorithm: str, **headers: Any) -> Forgery:
    return lambda google: signed_as(google, key(), headers, algorithm)


def forged(**headers: Any) -> Forgery:
    return with_key(lambda: private_key(FORGERS), "RS256", **headers)


def forgers_jwk() -> dict[str, Any]:
    public = private_key(FORGERS).public_key()
    return RSAAlgorithm.to_jwk(public, as_dict=True) | {"kid": "mine"}


def changed(change: Callable[[list[str]], list[str]]) -> Forgery:
    """Change the three parts of a genuine token."""
    return lambda google: ".".join(change(google.id_token().split(".")))


def payload(data: bytes) -> Forgery:
    """Return how to make a token in which Google signs this instead of claims."""

    def make(google: FakeGoogle) -> str:
        headers = {"kid": key_id(1)}
        return jwt.PyJWS().encode(data, private_key(1), "RS256", headers)

    return make


def with_raw_claim(name: str, value: str) -> Forgery:
    """Give a claim a value that is written so, such as what JSON does not have."""

    def make(google: FakeGoogle) -> str:
        text = json.dumps(google.claims(**{name: "REPLACED"}))
        return payload(text.replace('"REPLACED"', value).encode())(google)

    return make


def our_own(google: FakeGoogle) -> str:
    return str(token_of(person("Carol")))


NEVER_GIVEN = {
    # The signature
    "alg none": unsigned(),
    "alg None": unsigned(alg="None"),
    "alg none, no kid": unsigned(kid=None),
    "no alg": unsigned(alg=None),
    "HS256 with the public key": with_secret(public_pem),
    "HS256 with the public key as JWK": with_secret(public_jwk),
    "HS256 with nothing": with_secret(lambda: b""),
    "RS512 with the right key": with_key(lambda: private_key(1), "RS512"),
    "PS256 with the right key": with_key(lambda: private_key(1), "PS256"),
    "ES256": with_key(lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "another key under Google's kid": forged(),
    "another key under a kid of its own": forged(kid="mine"),
    "another key, which the token brings along": forged(kid="mine", jwk="JWK"),
    "another key, at a jku": forged(kid="mine", jku="http://127.0.0.1:9/certs"),
    "another key, at an x5u": forged(x5u="http://127.0.0.1:9/cert.pem"),
    "no kid": headed(kid=None),
    "an empty kid": headed(kid=""),
    "a kid that is a path": headed(kid="../../../../dev/null"),
    "a kid that is SQL": headed(kid="key-1' UNION SELECT 'secret"),
    "a kid that is a number": headed(kid=1),
    "a kid that is a list": headed(kid=[key_id(1)]),
    "a detached payload": headed(b64=False, crit=["b64"]),
    "an unknown critical header": headed(crit=["exp"]),
    "a changed payload": changed(
        lambda parts: [parts[0], encoded({"sub": "1"}), parts[2]]
    ),
    "a changed signature": changed(lambda parts: [*parts[:2], parts[2][::-1]]),
    "no signature": changed(lambda parts: [*parts[:2], ""]),
    # Whom it is for, and from
    "another client's": claiming(aud="other.example", azp="other.example"),
    "for another, asked for by us": claiming(aud="other.example"),
    "for us, asked for by another": claiming(azp="other.example"),
    "for us among others": lambda google: google.id_token(
        aud=[google.client_id, "other.example"]
    ),
    "for us in a list": lambda google: google.id_token(aud=[google.client_id]),
    "for nobody": claiming(aud=None),
    "for a number": claiming(aud=7),
    "another issuer": claiming(iss="https://accounts.example.com"),
    "an issuer that begins alike": claiming(iss="https://accounts.google.com.evil.com"),
    "the issuer with a slash": claiming(iss="https://accounts.google.com/"),
    "the issuer over http": claiming(iss="http://accounts.google.com"),
    "the issuer in a list": with_raw_claim("iss", '["https://accounts.google.com"]'),
    "no issuer": claiming(iss=None),
    # When
    "expired": claiming(exp=NOW - 60),
    "expires never": claiming(exp=None),
    "expires in words": claiming(exp="tomorrow"),
    "expires in infinity": with_raw_claim("exp", "Infinity"),
    "expires at no number": with_raw_claim("exp", "NaN"),
    "not valid yet": claiming(nbf=NOW + HOUR),
    "valid from in words": claiming(nbf=str(NOW - HOUR)),
    "from the future": claiming(iat=NOW + HOUR),
    "from long ago": claiming(iat=NOW - HOUR),
    "from no time": claiming(iat=None),
    "from a time in words": claiming(iat=str(NOW)),
    "from a time in a list": claiming(iat=[NOW]),
    # Who
    "nobody": claiming(sub=None),
    "null": with_raw_claim("sub", "null"),
    "an empty sub": claiming(sub=""),
    "a number": claiming(sub=7),
    "a list": claiming(sub=["7"]),
    "a sub that is too long": claiming(sub="7" * 256),
    "a sub with a NUL": claiming(sub="7\x00"),
    "a sub with a lone surrogate": claiming(sub="7\ud800"),
    # No token at all
    "two dots": lambda google: "..",
    "one dot": lambda google: "a.b",
    "no dot": lambda google: "a token without a dot",
    "five parts": lambda google: "a.b.c.d.e",
    "truncated": lambda google: google.id_token()[:-20],
    "an access token": lambda google: "ya29.a0AfH6SMBx",
    "a token of ours": our_own,
    "not ASCII": lambda google: f"{google.id_token()}\u00e9",
    "a header that is no JSON": changed(lambda parts: [base64(b"{"), *parts[1:]]),
    "a header that is a list": changed(lambda parts: [encoded([]), *parts[1:]]),
    "a header that is deep": changed(lambda parts: [base64(b"[" * 5000), *parts[1:]]),
    "claims that are a list": payload(b"[]"),
    "claims that are no JSON": payload(b"sub=7"),
    "claims that are deep": payload(b'{"a":' * 1000),
    "a megabyte": lambda google: "x" * 1_000_000,
    "a megabyte of token": lambda google: google.id_token(name="x" * 700_000),
}
NO_ADDRESS = {
    "not verified": claiming(email_verified=False),
    "verified or not": claiming(email_verified=None),
    "verified in words": claiming(email_verified="true"),
    "verified in a number": claiming(email_verified=1),
    "no address": claiming(email=None),
    "null": with_raw_claim("email", "null"),
    "an empty address": claiming(email=""),
    "what is no address": claiming(email="ada"),
    "a number": claiming(email=7),
    "a list": claiming(email=["ada@gmail.com"]),
    "an address that is too long": claiming(email=f"{'x' * 250}@gmail.com"),
    "an address with a NUL": claiming(email="ada\x00@gmail.com"),
}


def assert_nobody_is_in(response, token: str, caplog) -> None:
    assert "jwt" not in response.cookies
    assert not User.objects.filter(email="ada@gmail.com").exists()
    assert not UserSocialAuth.objects.exists()
    (line,) = [one for one in caplog.records if one.name == "accounts.google"]
    assert line.levelno == logging.WARNING
    assert line.fields["reason"]
    assert line.fields["requestId"] == response["X-Request-Id"]
    signature = token.rpartition(".")[2][:40]
    for record in caplog.records:
        text = f"{record.getMessage()} {vars(record)}"
        assert len(token) < 20 or token not in text
        assert len(signature) < 20 or signature not in text
    (failed,) = FailedSignIn.objects.all()
    assert (failed.where, failed.user) == ("google", None)


@pytest.mark.parametrize("make", NEVER_GIVEN.values(), ids=NEVER_GIVEN)
def test_what_google_never_gave_us_signs_nobody_in(google, caplog, make):
    assert sign_in_works(google)
    token = make(google)

    response = sign_in(token)

    assert response.status_code == 401
    assert response.json()["code"] == "invalid_id_token"
    assert_nobody_is_in(response, token, caplog)


def sign_in_works(google: FakeGoogle) -> bool:
    """Tell whether a good token is taken, so that a refusal proves something."""
    response = sign_in(google.id_token(sub="0", email="first@gmail.com"))
    User.objects.all().delete()
    return response.status_code == 200


@pytest.mark.parametrize("make", NO_ADDRESS.values(), ids=NO_ADDRESS)
def test_address_that_google_does_not_vouch_for_signs_nobody_in(google, caplog, make):
    token = make(google)

    response = sign_in(token)

    assert response.status_code == 403
    assert response.json()["code"] == "email_not_verified"
    assert_nobody_is_in(response, token, caplog)


def test_banned_person_is_refused_with_the_reason(google, caplog):
    user = User.objects.get(pk=sign_in(google.id_token()).json()["_id"])
    user.status, user.ban_reason = User.Status.BANNED, "Spam"
    user.save()

    response = sign_in(google.id_token())

    assert response.status_code == 403
    assert response.json()["code"] == "banned"
    assert response.json()["message"] == "This account is banned: Spam"
    assert SignIn.objects.count() == 1
    assert FailedSignIn.objects.get().user == user
    (line,) = [one for one in caplog.records if one.name == "accounts.google"]
    assert line.fields["reason"] == "banned"


def test_key_that_google_has_retired_opens_nothing(google, caplog):
    token = google.id_token()
    google.rotate()
    google.retire()

    response = sign_in(token)

    assert response.status_code == 401
    assert_nobody_is_in(response, token, caplog)


def test_clock_that_is_a_little_slow_does_not_matter(google):
    ahead = int(time.time()) + 15

    assert sign_in(google.id_token(iat=ahead)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "credential"),
        ({"credential": ""}, "credential"),
        ({"credential": " "}, "credential"),
        ({"credential": None}, "credential"),
        ({"credential": 7}, "credential"),
        ({"credential": ["a.b.c"]}, "credential"),
        ({"token": {"a": "b"}}, "token"),
        ({"credential": "a.b.c", "token": "d.e.f"}, "token"),
        ({"credential": "a.b.c", "code": "d"}, "code"),
    ],
)
def test_what_is_no_text_is_a_bad_request(google, body, field):
    response = APIClient().post(GOOGLE, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert google.certs_asked == 0
    assert not FailedSignIn.objects.exists()


def test_both_names_may_carry_the_same_token(google):
    token = google.id_token()

    response = APIClient().post(GOOGLE, {"credential": token, "token": token})

    assert response.status_code == 200


def test_thirtieth_bad_token_from_one_address_is_the_last(google):
    answers = [sign_in("a.b.c", REMOTE_ADDR=HERE).status_code for _ in range(31)]

    assert answers == [401] * 30 + [429]
    refused = sign_in(google.id_token(), REMOTE_ADDR=HERE)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert sign_in(google.id_token(), REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_good_tokens_are_not_counted(google):
    token = google.id_token()

    answers = {sign_in(token, REMOTE_ADDR=HERE).status_code for _ in range(31)}

    assert answers == {200}


def test_refused_token_with_an_idempotency_key_counts_too(google):
    for n in range(30):
        sign_in("a.b.c", REMOTE_ADDR=HERE, HTTP_IDEMPOTENCY_KEY=f"key-{n}")

    assert sign_in(google.id_token(), REMOTE_ADDR=HERE).status_code == 429
