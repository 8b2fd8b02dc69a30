from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of


@pytest.fixture
def staff(moderator: User) -> APIClient:
    """A client signed in as the moderator."""
    return client_of(moderator)
