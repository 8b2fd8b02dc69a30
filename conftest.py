"""Fixtures shared by all tests: the cast, and clients that are signed in as them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connections
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.tokens import SignInToken

PASSWORD = "correct horse 1"


def pytest_configure() -> None:
    # Else every new client has WhiteNoise look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True


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


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of these at the same moment, each in a thread with its own connection.

    Return their results. Needs `@pytest.mark.django_db(transaction=True)`.
    """
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@cache
def encoded_password() -> str:
    """Hash PASSWORD once for all tests, for hashing is slow on purpose."""
    return make_password(PASSWORD)


def person(name: str, **fields: Any) -> User:
    """Make a user whose password is PASSWORD."""
    email = f"{name.lower()}@example.com"
    return User.objects.create(
        name=name, email=email, password=encoded_password(), **fields
    )


@pytest.fixture
def alice(db) -> User:
    return person("Alice")


@pytest.fixture
def bob(db) -> User:
    return person("Bob")


@pytest.fixture
def moderator(db) -> User:
    return person("Moderator", role=User.Role.ADMIN)


@pytest.fixture
def api(alice) -> APIClient:
    """A client signed in as alice."""
    return client_of(alice)


@pytest.fixture
def anonymous(db) -> APIClient:
    return APIClient()
