"""Fixtures shared by all tests: the cast, and clients that are signed in as them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django_ratelimit import core as ratelimit
from rest_framework.test import APIClient

from accounts.google.keys import keys_at
from accounts.models import SignIn, User
from accounts.tokens import SignInToken
from focusmaster import limits
from integrations.fakes.google import FakeGoogle
from integrations.fakes.spotify import FakeSpotify

PASSWORD = "correct horse 1"


def pytest_configure() -> None:
    # Else every new client has WhiteNoise look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    # All tests come from one address, and counting is no query of an endpoint's own.
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)
    # The windows of limits end by the clock, in the middle of a test if it must be. In
    # tests all of them begin with the run.
    began = int(time.time())
    ratelimit._get_window = lambda value, period: began + period
    DatabaseOperations.sql_flush = past_guards(DatabaseOperations.sql_flush)


def past_guards(sql_flush: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Let the tables be cleared after a test that commits, which the log refuses."""
    guarded = (
        "moderation_audit" + name for name in ("entry", "particulars", "archive")
    )
    guards = [f"ALTER TABLE {table} {{}} TRIGGER {table}_guard" for table in guarded]

    @wraps(sql_flush)
    def flush(*args: Any, **options: Any) -> list[str]:
        off = [guard.format("DISABLE") for guard in guards]
        on = [guard.format("ENABLE ALWAYS") for guard in guards]
        return [*off, *sql_flush(*args, **options), *on]

    return flush


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


@pytest.fixture(autouse=True)
def _counters_answer() -> None:
    """Forget that the counters failed in the test before: they are left alone then."""
    limits.store.retry_at = None


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


@pytest.fixture(scope="session")
def spotify_server() -> Iterator[FakeSpotify]:
    with FakeSpotify() as fake:
        yield fake


@pytest.fixture
def spotify(spotify_server, settings) -> Iterator[FakeSpotify]:
    """A Spotify of our own, which the service asks instead of the real one."""
    spotify_server.reset()
    for name, value in spotify_server.environment().items():
        setattr(settings, name, value)
    yield spotify_server
    spotify_server.reset()


@pytest.fixture(scope="session")
def google_server() -> Iterator[FakeGoogle]:
    with FakeGoogle() as fake:
        yield fake


@pytest.fixture
def google(google_server, settings) -> Iterator[FakeGoogle]:
    """A Google of our own, which the service takes for the real one."""
    keys_at.cache_clear()
    settings.GOOGLE_CLIENT_IDS = [google_server.client_id]
    settings.GOOGLE_JWKS_URL = google_server.jwks_url
    yield google_server
    google_server.reset()
