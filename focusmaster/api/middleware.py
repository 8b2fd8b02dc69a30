"""What happens around every request, and what happens around staff's pages only."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from io import BytesIO
from ipaddress import ip_address
from random import getrandbits
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from focusmaster.api.errors import BUSY_RETRY_AFTER, error_response
from focusmaster.api.etags import READS, conditional
from focusmaster.api.request import ApiRequest
from focusmaster.db.statement_timeout import long_statements
from focusmaster.exceptions import ServerBusy
from focusmaster.logs import log_request

log = logging.getLogger("focusmaster.api")

# What a response depends on, whatever it is asked for.
CALLER_HEADERS = "Authorization, Cookie"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PROBED = ("/api/health", "/api/health/ready")
# How much of a refused body is read, in which pieces, and for how long.
DRAIN_BYTES = 10 * 2**20
PIECE_BYTES = 2**14
DRAIN_SECONDS = 3
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def with_whole_bodies(application: WSGIApplication) -> WSGIApplication:
    """Give each body a Content-Length; one without is read before the application.

    Django takes such a body (in chunks, or over HTTP/2) for an empty one, which would
    lose it silently. No more is read for it than shows that it is too large. What
    the application leaves unread is read after it.
    """

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ
        is_stream = (
            environ["SERVER_PROTOCOL"] == "HTTP/2" and "CONTENT_LENGTH" not in environ
        )
        if is_chunked or is_stream:
            given = environ["wsgi.input"]
            body = given.read(settings.MAX_BODY_BYTES + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            unread = given
        elif environ.get("CONTENT_LENGTH", "0") != "0":
            unread = environ["wsgi.input"]
        else:
            return application(environ, start_response)
        response = application(environ, start_response)
        # A client that waits for leave to send has nothing on its way.
        if "HTTP_EXPECT" not in environ:
            read_rest(unread)
        return response

    return call


def read_rest(body: InputStream) -> None:
    """Read and drop the unread rest of a body, in bounded time and memory.

    The server closes a connection whose request is not read to its end, and the client,
    or a proxy, that still sends would get a reset in place of the response.
    """
    give_up_at = perf_counter() + DRAIN_SECONDS
    for _ in range(DRAIN_BYTES // PIECE_BYTES):
        if not body.read(PIECE_BYTES) or perf_counter() > give_up_at:
            return


def request_id(environ: WSGIEnvironment) -> str:
    """Return the id that the client or a proxy gave the request, else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    if REQUEST_ID.fullmatch(given):
        return given
    # The system's randomness would release the GIL at each request.
    return f"{getrandbits(128):032x}"


def is_probe(request: HttpRequest) -> bool:
    """Tell whether it asks for the health of this process by its address.

    Probes of a cluster or a load balancer know no name, and nothing in the response
    depends on it.
    """
    if request.path_info.rstrip("/") not in PROBED:
        return False
    try:
        host = urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname
        return bool(ip_address(host or ""))
    except ValueError:
        return False


class RequestMiddleware:
    """Give each request an id and a log line, and refuse a host that is not ours.

    The line has the path without its query, which may hold a secret, and never a
    header or a body.
    """

    def __init__(self, get_response: Callable[[ApiRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ApiRequest) -> HttpResponse:
        started = perf_counter()
        request.id = request_id(request.META)
        request.is_api = f"{request.path_info}/".startswith("/api/")
        request.on_response = []
        request.is_counted = False
        request.usage = request.token = request.caller = None
        request.prefetched_profile = None

        try:
            request.get_host()
            is_ours = True
        except DisallowedHost:
            is_ours = is_probe(request)
        if is_ours:
            response = self.get_response(request)
        else:
            response = error_response(
                request, 400, "This host is not served here.", "host_not_allowed"
            )

        if response.status_code == 200 and request.method in READS:
            response = conditional(request, response)
        run_hooks(request, response)
        if request.is_api:
            keep_private(response)
        response["X-Request-Id"] = request.id
        response["X-Content-Type-Options"] = "nosniff"
        # That of a 304 would be the length of what the client has.
        if not response.streaming and response.status_code != 304:
            response["Content-Length"] = str(len(response.content))
        log_request(request, response.status_code, perf_counter() - started)
        return response


def run_hooks(request: ApiRequest, response: HttpResponse) -> None:
    """Do what is left for the response; a failure is logged and leaves it as it is."""
    for act in request.on_response:
        try:
            act(response)
        except Exception:
            fields = {"requestId": request.id}
            log.exception("What follows a response failed", extra={"fields": fields})


def keep_private(response: HttpResponse) -> None:
    """Have no cache give the response to somebody else, or keep a cookie at all."""
    if response.cookies:
        response["Cache-Control"] = "no-store"
    elif "Cache-Control" not in response:
        response["Cache-Control"] = "private, no-cache"
    others = response.get("Vary")
    response["Vary"] = f"{others}, {CALLER_HEADERS}" if others else CALLER_HEADERS


class PagePolicyMiddleware:
    """Let pages load and send nothing elsewhere, and run no script that is inline.

    Some of our pages style single elements.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        return response


class PagesMiddleware:
    """Run what `PAGE_MIDDLEWARE` lists around the pages, and nothing around the API.

    The API has neither sessions nor forms, and passing through seven layers that have
    nothing to do costs it as much as the check of a token.
    """

    def __init__(self, get_response: Callable[[ApiRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.pages: Callable[[ApiRequest], Any] = get_response
        self.view_hooks: list[Callable[..., HttpResponse | None]] = []
        for path in reversed(settings.PAGE_MIDDLEWARE):
            layer = import_string(path)(self.pages)
            if hasattr(layer, "process_view"):
                self.view_hooks.insert(0, layer.process_view)
            self.pages = convert_exception_to_response(layer)

    def __call__(self, request: ApiRequest) -> HttpResponse:
        if request.is_api:
            return self.get_response(request)
        is_file = request.path_info.startswith(settings.STATIC_URL)
        with nullcontext() if is_file else long_statements():
            page: HttpResponse = self.pages(request)
        return page

    def process_exception(
        self, request: ApiRequest, exception: Exception
    ) -> HttpResponse | None:
        if request.is_api or not isinstance(exception, ServerBusy):
            return None
        headers = {"Retry-After": str(BUSY_RETRY_AFTER)}
        return HttpResponse(exception.message, "text/plain", 503, headers=headers)

    def process_view(
        self, request: ApiRequest, *view_and_arguments: Any
    ) -> HttpResponse | None:
        if request.is_api:
            return None
        answers = (hook(request, *view_and_arguments) for hook in self.view_hooks)
        return next((answer for answer in answers if answer is not None), None)
