"""What the URL patterns lead to, found by walking them: also what is added later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

ID = "507f1f77bcf86cd799439011"
Patterns = Sequence[URLPattern | URLResolver]


def api_routes() -> Iterator[tuple[str, str]]:
    """Yield path and method of each endpoint below `/api`, with `{id}` in the path."""
    for route, view in walk(get_resolver().url_patterns, lambda one: str(one.pattern)):
        if route.startswith("api/"):
            path = simplify_regex(route).rstrip("/").replace("<pk>", "{id}")
            for method in methods_of(view):
                yield path.replace("\\.", "."), method


def methods_of(view: Callable) -> list[str]:
    methods = view.actions if hasattr(view, "actions") else ["get"]
    return [method for method in methods if method != "head"]


def pages_below(prefix: str, examples: dict[str, str]) -> list[tuple[str, Callable]]:
    """Return a path of each page whose path begins so, and the view that it leads to.

    The path has an id for each argument, but for those with an example under the name
    of the argument or of its converter.
    """

    def example(one: URLPattern | URLResolver) -> str:
        text, argument = str(one.pattern), r"<(?P<converter>\w+:)?(?P<name>\w+)>"
        if not isinstance(one.pattern, RoutePattern):
            text = text.removeprefix("^").removesuffix("$")
            argument = r"\(\?P<(?P<name>\w+)>[^)]*\)"
        return re.sub(argument, example_of, text)

    def example_of(argument: re.Match[str]) -> str:
        names = argument["name"], (argument.groupdict().get("converter") or "")[:-1]
        return next((examples[name] for name in names if name in examples), ID)

    found = walk(get_resolver().url_patterns, example)
    return [(f"/{path}", view) for path, view in found if path.startswith(prefix)]


def walk(
    patterns: Patterns, text_of: Callable[[URLPattern | URLResolver], str]
) -> Iterator[tuple[str, Callable]]:
    """Yield the view of each URL pattern, after the text of all that leads to it."""
    for one in patterns:
        if isinstance(one, URLResolver):
            for rest, view in walk(one.url_patterns, text_of):
                yield text_of(one) + rest, view
        else:
            yield text_of(one), one.callback
