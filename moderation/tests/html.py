"""Pages as a browser gets them."""

from __future__ import annotations

from django.http import HttpResponse


def text_of(page: HttpResponse) -> str:
    assert page.status_code == 200
    return page.content.decode()
