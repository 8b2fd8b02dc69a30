from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from focusmaster.api.middleware import REQUEST_ID


@pytest.mark.parametrize(
    "given", ["a", "01J9ZQ5Y5V", "4bf92f35-77b3.4da6_a3ce", "x" * 128]
)
def test_well_formed_id_is_kept(given):
    response = APIClient().get("/api/health", HTTP_X_REQUEST_ID=given)

    assert response["X-Request-Id"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "x" * 129,
        "a b",
        "a\n",
        'a"b',
        "<script>",
        "ä",
        "a,b",
        "\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_other_id_is_replaced(given):
    response = APIClient().get("/api/health", HTTP_X_REQUEST_ID=given)

    assert response["X-Request-Id"] != given
    assert REQUEST_ID.fullmatch(response["X-Request-Id"])


def test_each_request_has_an_id_of_its_own():
    client = APIClient()

    ids = {client.get("/api/health")["X-Request-Id"] for _ in range(5)}

    assert len(ids) == 5


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/nothing", {}),
        ("/api/health", {"HTTP_HOST": "evil.example.com"}),
        ("/api/health", {"HTTP_ACCEPT": "text/html"}),
    ],
)
def test_error_repeats_the_id(path, headers):
    response = APIClient().get(path, HTTP_X_REQUEST_ID="mine", **headers)

    assert response.json()["requestId"] == response["X-Request-Id"] == "mine"
