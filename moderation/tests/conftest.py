from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of
from moderation.models import Feedback
from moderation.tests.browser import signed_in


@pytest.fixture
def staff(moderator: User) -> APIClient:
    """A client signed in as the moderator."""
    return client_of(moderator)


@pytest.fixture
def pages(moderator: User) -> Client:
    """A browser that is signed in to the admin pages as the moderator."""
    return signed_in(moderator, HTTP_USER_AGENT="Firefox")


@pytest.fixture
def row(alice: User) -> Feedback:
    """Feedback of alice's."""
    return Feedback.objects.create(user=alice, type="bug", message="It stops.\nWhy?")
