"""The admin pages as a browser shows them."""

from __future__ import annotations

from django.test import Client

from accounts.models import User


def signed_in(user: User, **headers: str) -> Client:
    """Return a browser that is signed in to the pages."""
    client = Client(**headers)
    client.force_login(user)
    return client


def text_of(page) -> str:
    assert page.status_code == 200
    return page.content.decode()


def listed(pages: Client, path: str, **query: str) -> list:
    """Return the rows that a list shows."""
    page = pages.get(path, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def messages_on(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]
