"""Users, tokens, and clients that are signed in."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.passwords import Argon2Hasher
from accounts.tokens import SignInToken

PASSWORD = "correct horse 1"
# Passes and KiB of a password's hash: those of the service, and the least there can be.
PRODUCTION_HASH_COST = Argon2Hasher.time_cost, Argon2Hasher.memory_cost
TEST_HASH_COST = 1, 8


def token_of(user: User) -> SignInToken:
    """Return a token of a new sign-in of the user's."""
    sign_in = SignIn.objects.start(user=user, user_agent="", ip_address=None)
    return SignInToken.for_sign_in(sign_in)


def client_of(user: User) -> APIClient:
    """Return a client that sends a token of a new sign-in as the header."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
    return client


def browser_of(user: User) -> APIClient:
    """Return a client that sends a token of a new sign-in as the cookie."""
    client = APIClient()
    client.cookies[settings.TOKEN_COOKIE] = str(token_of(user))
    return client


@cache
def encoded_password(time_cost: int, memory_cost: int) -> str:
    """Hash PASSWORD once for all tests that hash at the same cost."""
    return make_password(PASSWORD)


def person(name: str, **fields) -> User:
    """Make a user whose password is PASSWORD."""
    email = f"{name.lower()}@example.com"
    password = encoded_password(Argon2Hasher.time_cost, Argon2Hasher.memory_cost)
    return User.objects.create(name=name, email=email, password=password, **fields)
