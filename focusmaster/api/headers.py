"""Headers of our answers."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers


def set_headers(response: HttpResponse, headers: Mapping[str, str]) -> None:
    """Set headers that we make up ourselves, in ASCII.

    Django looks at each for what could not be sent or would end the line. Those that
    every answer has cost as much in this as the view itself.
    """
    stored = {name.lower(): (name, value) for name, value in headers.items()}
    response.headers._store.update(stored)


def vary_by_origin(response: HttpResponse) -> None:
    """Let caches keep an answer for each origin that asks."""
    if "vary" in response.headers._store:
        patch_vary_headers(response, ["origin"])
    else:
        set_headers(response, {"Vary": "origin"})
