"""Every call below `/api/admin` is for staff alone: also one that comes later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of
from focusmaster.tests.routes import routes
from moderation.models import AuditEntry, Feedback

ID = "507f1f77bcf86cd799439011"


def staff_calls() -> Iterator[tuple[str, str]]:
    for path, method in routes(get_resolver().url_patterns):
        if path.startswith("/api/admin"):
            yield method, path.replace("{id}", ID)


CALLS = list(staff_calls())
EVERY_CALL = pytest.mark.parametrize(("method", "path"), CALLS)


def test_the_walk_finds_the_calls_of_the_contract():
    paths = {path.replace(ID, ":id") for _, path in CALLS}

    assert paths >= {
        "/api/admin/users",
        "/api/admin/users/:id",
        "/api/admin/users/:id/role",
        "/api/admin/users/:id/ban",
        "/api/admin/users/:id/unban",
        "/api/admin/users/:id/status",
        "/api/admin/audit-logs",
        "/api/admin/audit-logs.csv",
        "/api/admin/audit",
        "/api/admin/audit.csv",
        "/api/admin/stats",
        "/api/admin/health",
        "/api/admin/feedback",
        "/api/admin/feedback/:id/status",
    }


def refused(client: APIClient, method: str, path: str, status: int, code: str) -> None:
    for suffix in ("", "/"):
        response = getattr(client, method)(path + suffix, {})

        assert response.status_code == status, response.content
        assert response.json()["code"] == code


@EVERY_CALL
def test_call_is_refused_without_a_token(anonymous, method, path):
    refused(anonymous, method, path, 401, "not_authenticated")


@EVERY_CALL
def test_call_is_refused_to_a_user(api, method, path):
    refused(api, method, path, 403, "permission_denied")


@EVERY_CALL
@pytest.mark.usefixtures("db")
def test_call_is_refused_to_a_guest(method, path):
    refused(client_of(User.objects.add_guest()), method, path, 403, "permission_denied")


@EVERY_CALL
@pytest.mark.parametrize("status", ["banned", "suspended"])
def test_call_is_refused_to_an_admin_who_is_barred(
    staff, moderator, method, path, status
):
    User.objects.filter(pk=moderator.pk).update(status=status)

    refused(staff, method, path, 403, status)


@EVERY_CALL
def test_call_is_refused_to_a_former_admin(staff, moderator, method, path):
    User.objects.filter(pk=moderator.pk).update(role="user")

    refused(staff, method, path, 403, "permission_denied")


def test_call_that_is_refused_does_nothing(api, bob):
    row = Feedback.objects.create(message="Hello")

    api.patch(f"/api/admin/users/{bob.pk}/ban", {"reason": "Spam"})
    api.patch(f"/api/admin/users/{bob.pk}/role", {"role": "admin"})
    api.put(f"/api/admin/feedback/{row.pk}/status", {"status": "closed"})

    bob.refresh_from_db()
    row.refresh_from_db()
    assert (bob.status, bob.role, row.status) == ("active", "user", "new")
    assert not AuditEntry.objects.exists()
