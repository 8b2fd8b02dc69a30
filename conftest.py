"""Fixtures shared by all tests: the cast, and clients that are signed in as them."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.tokens import SignInToken

PASSWORD = "correct horse 1"


def client_of(user: User) -> APIClient:
    """Return a client with a token of a new sign-in of the user's."""
    sign_in = SignIn.objects.start(user=user, user_agent="", ip_address=None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {SignInToken.for_sign_in(sign_in)}")
    return client


@pytest.fixture
def alice(db) -> User:
    return User.objects.register(
        name="Alice", email="alice@example.com", password=PASSWORD
    )


@pytest.fixture
def bob(db) -> User:
    return User.objects.register(name="Bob", email="bob@example.com", password=PASSWORD)


@pytest.fixture
def moderator(db) -> User:
    return User.objects.register(
        name="Moderator",
        email="moderator@example.com",
        password=PASSWORD,
        role=User.Role.ADMIN,
    )


@pytest.fixture
def api(alice) -> APIClient:
    """A client signed in as alice."""
    return client_of(alice)


@pytest.fixture
def anonymous(db) -> APIClient:
    return APIClient()
