"""The WSGI application that the server's workers run."""

from __future__ import annotations

import gc
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import (
    LimitedStream,
    WSGIHandler,
    WSGIRequest,
    get_path_info,
)
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries
from django.urls import ResolverMatch, get_resolver

from focusmaster.api.client_info import declared_length
from focusmaster.threads import ReadLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase


@lru_cache(maxsize=1024)
def resolve(path: str) -> ResolverMatch:
    """Find the view of a path. Most requests are for the same few paths."""
    return get_resolver().resolve(path)


class Request(WSGIRequest):
    """Django's, for an application at the root of its host."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = self.META = environ
        self.path_info = self.path = environ["PATH_INFO"] = path_of(environ)
        environ["SCRIPT_NAME"] = ""
        self.method = environ["REQUEST_METHOD"].upper()
        self._set_content_type_params(environ)
        body = environ["wsgi.input"]
        self._stream = LimitedStream(body, declared_length(environ))
        self._read_started = False
        self.resolver_match = None


def path_of(environ: dict[str, Any]) -> str:
    """Return the path, which begins with one slash."""
    path = get_path_info(environ)
    return path if path.startswith("/") else f"/{path}"


class Handler(WSGIHandler):
    """Django's, without what it sets anew for each request and is the same for all.

    That is where URLs begin and which there are: at the root, as in ROOT_URLCONF, is
    what Django assumes by itself. And it remembers which path leads to which view.
    """

    request_class = Request

    def __call__(
        self, environ: dict[str, Any], start_response: Callable
    ) -> HttpResponseBase | list[bytes]:
        request_started.send(sender=Handler, environ=environ)
        response = self.get_response(Request(environ))
        response._handler_class = Handler
        headers = list(response.items())
        for cookie in response.cookies.values() if response.cookies else ():
            headers.append(("Set-Cookie", cookie.OutputString()))
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        if response.streaming:
            return response
        # As a list it is sent in one go, and nothing is left to do after that.
        body = [response.content]
        response.close()
        return body

    def get_response(self, request: Request) -> HttpResponseBase:
        response = self._middleware_chain(request)
        response._resource_closers.append(request.close)
        return response

    def resolve_request(self, request: Request) -> ResolverMatch:
        request.resolver_match = resolve(request.path_info)
        return request.resolver_match


def make_application() -> Callable:
    """Set Django up, and load what the first request would otherwise wait for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
    django.setup(set_prefix=False)
    handler = Handler()
    get_resolver()._populate()
    disconnect_needless()
    # What is there now stays: collecting garbage need not look through it each time.
    gc.collect()
    gc.freeze()
    return ReadLimit(handler) if connection.is_on_this_machine else handler


def disconnect_needless() -> None:
    """Take away what Django does around each request for what there is not here.

    That is the log of queries that DEBUG keeps, caches, URLs that a request chooses,
    and a second look at the connections, which the request before has left in order.
    """
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_finished.disconnect(reset_urlconf)


application = make_application()
