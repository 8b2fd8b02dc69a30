"""The cookie is set and cleared for our own pages, and for no page of another site."""

from __future__ import annotations

import pytest

from accounts.models import User

GUEST = "/api/auth/guest"
LOGIN = "/api/auth/login"
REGISTER = "/api/auth/register"
JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}

FOREIGN = [
    {"HTTP_ORIGIN": "https://evil.example"},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_REFERER": "https://evil.example/page"},
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-site"},
    {"HTTP_ORIGIN": "http://testserver.evil.example"},
]
OURS = [
    {},
    {"HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "http://localhost:3000", "HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-origin"},
]


@pytest.mark.parametrize("path", [GUEST, LOGIN, REGISTER, "/api/auth/google"])
@pytest.mark.parametrize("headers", FOREIGN)
def test_foreign_page_sets_no_cookie(anonymous, path, headers):
    response = anonymous.post(path, JOHN, **headers)

    assert response.status_code == 403
    assert response.json()["code"] == "origin_not_allowed"
    assert not response.cookies
    assert not User.objects.exists()


@pytest.mark.parametrize("headers", FOREIGN)
def test_foreign_page_clears_no_cookie(api, anonymous, headers):
    for client in (anonymous, api):
        response = client.post("/api/auth/logout", **headers)

        assert response.status_code == 403
        assert not response.cookies
    assert api.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("headers", OURS)
def test_our_pages_and_programs_pass(anonymous, headers):
    assert anonymous.post(GUEST, **headers).status_code == 200
