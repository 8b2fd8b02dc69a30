"""The WSGI application that the server's workers run."""

from __future__ import annotations

import gc
import os
from functools import lru_cache

import django
from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.urls import ResolverMatch, get_resolver


@lru_cache(maxsize=1024)
def resolve(path: str) -> ResolverMatch:
    """Find the view of a path. Most requests are for the same few paths."""
    return get_resolver().resolve(path)


class Handler(WSGIHandler):
    """Django's, with a memory of which path leads to which view."""

    def resolve_request(self, request) -> ResolverMatch:
        request.resolver_match = resolve(request.path_info)
        return request.resolver_match


def make_application() -> Handler:
    """Set Django up, and load what the first request would otherwise wait for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
    django.setup(set_prefix=False)
    handler = Handler()
    get_resolver()._populate()
    disconnect_needless()
    # What is there now stays: collecting garbage need not look through it each time.
    gc.collect()
    gc.freeze()
    return handler


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
