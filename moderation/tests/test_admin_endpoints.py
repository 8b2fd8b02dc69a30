"""Every endpoint below `/api/admin` is for admins alone: also one that comes later."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of
from focusmaster.tests.routes import ID, api_routes
from moderation.models import AuditEntry, Feedback

ENDPOINTS = [
    (method, path.replace("{id}", ID))
    for path, method in api_routes()
    if path.startswith("/api/admin")
]
EVERY_ENDPOINT = pytest.mark.parametrize(("method", "path"), ENDPOINTS)


def test_the_walk_finds_the_endpoints_of_the_contract():
    paths = {path.replace(ID, ":id") for _, path in ENDPOINTS}

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


def assert_error(client: APIClient, method: str, path: str, status: int, code: str):
    for suffix in ("", "/"):
        response = getattr(client, method)(path + suffix, {})

        assert response.status_code == status, response.content
        assert response.json()["code"] == code


@EVERY_ENDPOINT
def test_endpoint_is_refused_without_a_token(anonymous, method, path):
    assert_error(anonymous, method, path, 401, "not_authenticated")


@EVERY_ENDPOINT
def test_endpoint_is_refused_to_a_user(api, method, path):
    assert_error(api, method, path, 403, "permission_denied")


@EVERY_ENDPOINT
@pytest.mark.usefixtures("db")
def test_endpoint_is_refused_to_a_guest(method, path):
    assert_error(
        client_of(User.objects.add_guest()), method, path, 403, "permission_denied"
    )


@EVERY_ENDPOINT
@pytest.mark.parametrize("status", ["banned", "suspended"])
def test_endpoint_is_refused_to_an_admin_who_is_barred(
    staff, moderator, method, path, status
):
    User.objects.filter(pk=moderator.pk).update(status=status)

    assert_error(staff, method, path, 403, status)


@EVERY_ENDPOINT
def test_endpoint_is_refused_to_a_former_admin(staff, moderator, method, path):
    User.objects.filter(pk=moderator.pk).update(role="user")

    assert_error(staff, method, path, 403, "permission_denied")


def test_endpoint_that_is_refused_does_nothing(api, bob):
    row = Feedback.objects.create(message="Hello")

    api.patch(f"/api/admin/users/{bob.pk}/ban", {"reason": "Spam"})
    api.patch(f"/api/admin/users/{bob.pk}/role", {"role": "admin"})
    api.put(f"/api/admin/feedback/{row.pk}/status", {"status": "closed"})

    bob.refresh_from_db()
    row.refresh_from_db()
    assert (bob.status, bob.role, row.status) == ("active", "user", "new")
    assert not AuditEntry.objects.exists()
