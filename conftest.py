"""Fixtures shared by all tests: the cast, and clients that are signed in as them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, connections
from django.test import TransactionTestCase
from django_ratelimit import core as ratelimit
from rest_framework.test import APIClient

from accounts.google.keys import keys_at
from accounts.models import SignIn, User
from accounts.passwords import Argon2Hasher
from accounts.tokens import SignInToken
from focusmaster.api import rate_limits
from integrations.fakes.google import FakeGoogle
from integrations.fakes.spotify import FakeSpotify

PASSWORD = "correct horse 1"
# Passes and KiB of a password's hash: those of the service, and the least there can be.
PRODUCTION_HASH_COST = Argon2Hasher.time_cost, Argon2Hasher.memory_cost
TEST_HASH_COST = 1, 8


def pytest_configure() -> None:
    # Else every new client has WhiteNoise look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    # All tests come from one address, and counting is no query of an endpoint's own.
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)
    # The windows of limits end by the clock, in the middle of a test if it must be. In
    # tests all of them begin with the run.
    began = int(time.time())
    ratelimit._get_window = lambda value, period: began + period
    TransactionTestCase._fixture_teardown = lambda case: clear_tables()
    # Hashing is slow on purpose; `real_hashing` is for tests that are about that.
    Argon2Hasher.time_cost, Argon2Hasher.memory_cost = TEST_HASH_COST


# Its tables refuse to be cleared, and no reference leads to them from another.
LOG = [f"moderation_audit{name}" for name in ("entry", "particulars", "archive")]


@cache
def clearing() -> str:
    """Return the statement that deletes all rows, from the tables that have some.

    Django would truncate every table and then make content types and permissions anew,
    which stay here: that takes a quarter of a second after each test that commits.
    """
    kept = {*LOG, "django_content_type", "auth_permission"}
    tables = connection.introspection.django_table_names(include_views=False)
    guards = [f"ALTER TABLE {table} {{}} TRIGGER {table}_guard" for table in LOG]
    log = [guard.format("DISABLE") for guard in guards]
    log.append(f"TRUNCATE {', '.join(LOG)}")
    log += [guard.format("ENABLE ALWAYS") for guard in guards]
    steps = [cleared([table], [f"DELETE FROM {table}"]) for table in {*tables} - kept]
    # Else each row deleted would be looked for in the tables that may refer to it.
    steps.insert(0, "SET LOCAL session_replication_role = replica;")
    return f"DO $$ BEGIN {' '.join([*steps, cleared(LOG, log)])} END $$"


def cleared(tables: list[str], statements: list[str]) -> str:
    """Return what runs the statements if one of the tables has a row."""
    has_row = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    return f"IF {has_row} THEN {'; '.join(statements)}; END IF;"


def clear_tables() -> None:
    """Delete what a test has committed."""
    with connection.cursor() as cursor:
        cursor.execute(clearing())


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


def run_concurrently(*calls: Callable[[], Any]) -> list[Any]:
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
def encoded_password(time_cost: int, memory_cost: int) -> str:
    """Hash PASSWORD once for all tests that hash at the same cost."""
    return make_password(PASSWORD)


def person(name: str, **fields: Any) -> User:
    """Make a user whose password is PASSWORD."""
    email = f"{name.lower()}@example.com"
    password = encoded_password(Argon2Hasher.time_cost, Argon2Hasher.memory_cost)
    return User.objects.create(name=name, email=email, password=password, **fields)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix, request
) -> None:
    """Have the tests' database copied from one that is migrated, not migrated anew."""
    database = settings.DATABASES["default"]
    if database["EMBEDDED_DIR"]:
        request.getfixturevalue("prepared_state")
        connection.settings_dict["TEST"]["TEMPLATE"] = database["NAME"]


@pytest.fixture(autouse=True)
def _counters_answer() -> None:
    """Forget that the counters failed in the test before: they are left alone then."""
    rate_limits.store.retry_at = None


@pytest.fixture
def real_hashing(monkeypatch) -> None:
    """Have passwords hashed as slowly as in the service."""
    monkeypatch.setattr(Argon2Hasher, "time_cost", PRODUCTION_HASH_COST[0])
    monkeypatch.setattr(Argon2Hasher, "memory_cost", PRODUCTION_HASH_COST[1])


@pytest.fixture(autouse=True)
def _races_are_wide(request) -> None:
    """Hash as slowly as the service where several act at once: there it matters."""
    mark = request.node.get_closest_marker("django_db")
    if mark and mark.kwargs.get("transaction"):
        request.getfixturevalue("real_hashing")


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
