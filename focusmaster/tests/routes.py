"""What the URLs of the service lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver


def routes(patterns: list, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and method of everything that the URLs below `/api` lead to."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("api/"):
            path = simplify_regex(route).rstrip("/").replace("<pk>", "{id}")
            path = path.replace("\\.", ".")
            for method in methods_of(pattern.callback):
                yield path, method


def methods_of(view: Callable) -> list[str]:
    methods = view.actions if hasattr(view, "actions") else ["get"]
    return [method for method in methods if method != "head"]
