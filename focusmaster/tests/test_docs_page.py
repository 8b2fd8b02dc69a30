from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from rest_framework.test import APIClient

PAGE = "/api/docs"
# What Firefox and Chromium send for a page.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and the text of its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline_script = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script":
            self.inline_script += data.strip()

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attrs[name] for kind, attrs in self.found if kind == tag]


@pytest.fixture
def browser() -> APIClient:
    client = APIClient()
    client.credentials(HTTP_ACCEPT=BROWSER)
    return client


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/"])
def test_page_is_open_to_any_browser(browser, path):
    response = browser.get(path)

    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>FocusMaster API</title>" in response.content.decode()


def test_page_brings_everything_it_loads(browser):
    page = Elements(browser.get(PAGE).content.decode())

    assets = page.attributes("script", "src") + page.attributes("link", "href")

    assert len(assets) == 5
    for asset in assets:
        assert asset.startswith("/static/")
        response = browser.get(asset)
        assert response.status_code == 200, asset
        assert len(response.getvalue()) > 200, asset


def test_page_loads_nothing_from_elsewhere(browser):
    response = browser.get(PAGE)

    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert not re.search(r"(https?:)?//", response.content.decode())
    # The policy would not let it run.
    assert Elements(response.content.decode()).inline_script == ""


def test_page_shows_the_document(browser):
    page = Elements(browser.get(PAGE).content.decode())

    (path,) = [attrs["data-schema"] for tag, attrs in page.found if tag == "main"]

    assert browser.get(path).json()["info"]["title"] == "FocusMaster API"


@pytest.mark.parametrize(
    ("method", "accept", "status", "code"),
    [
        ("GET", "application/json", 406, "not_acceptable"),
        ("POST", BROWSER, 405, "method_not_allowed"),
    ],
)
def test_page_refuses_in_the_shape_of_every_error(method, accept, status, code):
    response = APIClient().generic(method, PAGE, HTTP_ACCEPT=accept)

    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response.json().keys() == {"message", "code", "requestId"}
    assert response.json()["code"] == code
