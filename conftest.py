"""Fixtures shared by all tests: the cast, and clients that are signed in as them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from accounts import mail
from accounts.google.keys import keys_at
from accounts.models import User
from accounts.passwords import Argon2Hasher
from accounts.tests.mail import PATIENCE, Mailbox
from focusmaster.api import rate_limits
from focusmaster.readiness import readiness
from focusmaster.tests.people import (
    PRODUCTION_HASH_COST,
    TEST_HASH_COST,
    client_of,
    person,
)
from focusmaster.tests.processes import free_port
from integrations.fakes.google import FakeGoogle
from integrations.fakes.spotify import FakeSpotify

REAL_WINDOW_END = rate_limits.window_end


def pytest_configure() -> None:
    # Else every new client has WhiteNoise look through all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    # All tests come from one address, and counting is no query of an endpoint's own.
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)
    # The windows of limits end by the clock, in the middle of a test if it must be. In
    # tests all of them begin with the run.
    began = int(time.time())
    rate_limits.window_end = lambda value, seconds: began + seconds
    # Hashing is slow on purpose; `real_hashing` is for tests that are about that.
    Argon2Hasher.time_cost, Argon2Hasher.memory_cost = TEST_HASH_COST


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


@pytest.fixture(autouse=True)
def _readiness_is_asked_anew() -> None:
    """Forget what the database answered in the test before."""
    readiness.forget()


@pytest.fixture
def real_windows(monkeypatch) -> None:
    """Have the windows of limits end as they do in the service."""
    monkeypatch.setattr(rate_limits, "window_end", REAL_WINDOW_END)


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


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    """A real mail server on loopback, which all mail goes to."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    yield box
    mail.BACKGROUND.submit(lambda: None).result(PATIENCE)
    server.stop()


@pytest.fixture
def no_mail_server(settings) -> None:
    """Have nobody listen where mail goes to."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
