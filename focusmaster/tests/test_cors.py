from __future__ import annotations

import pytest
from rest_framework.test import APIClient

CLIENT = "https://app.example.com"
STRANGER = "https://evil.example.com"


@pytest.fixture(autouse=True)
def allowed_client(settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [CLIENT]


def preflight(origin: str, method: str = "PATCH", path: str = "/api/auth/me"):
    return APIClient().options(
        path,
        HTTP_ORIGIN=origin,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=method,
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type",
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_preflight_of_the_web_client_is_granted(method):
    response = preflight(CLIENT, method)

    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == CLIENT
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert method in response["Access-Control-Allow-Methods"]
    headers = response["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "x-request-id"} <= set(headers)
    assert {"idempotency-key", "if-match", "if-none-match"} <= set(headers)


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example.com",
        "https://evil-app.example.com",
        "null",
        "http://[",
        "",
    ],
)
def test_other_origins_are_granted_nothing(origin):
    response = preflight(origin)

    assert "Access-Control-Allow-Origin" not in response
    assert "Access-Control-Allow-Credentials" not in response
    assert "origin" in response["Vary"]


def test_answer_can_be_read_by_the_web_client():
    response = APIClient().get("/api/health", HTTP_ORIGIN=CLIENT)

    assert response["Access-Control-Allow-Origin"] == CLIENT
    assert response["Access-Control-Allow-Credentials"] == "true"
    exposed = response["Access-Control-Expose-Headers"].split(", ")
    assert {"x-request-id", "retry-after"} <= set(exposed)
    assert {"etag", "link", "idempotency-replayed"} <= set(exposed)
    assert {"ratelimit-remaining", "x-ratelimit-remaining"} <= set(exposed)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/health/nothing"])
def test_error_can_be_read_by_the_web_client(path):
    response = APIClient().get(path, HTTP_ORIGIN=CLIENT)

    assert response.status_code == 404
    assert response["Access-Control-Allow-Origin"] == CLIENT


def test_refused_token_can_be_read_by_the_web_client(db):
    response = APIClient().get("/api/auth/me", HTTP_ORIGIN=CLIENT)

    assert response.status_code == 401
    assert response["Access-Control-Allow-Origin"] == CLIENT


def test_pages_for_staff_are_not_for_other_origins(db):
    response = APIClient().get("/admin/login/", HTTP_ORIGIN=CLIENT)

    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response
