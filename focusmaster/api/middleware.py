"""What happens around every request, and what happens around staff's pages only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from random import getrandbits
from time import perf_counter
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from focusmaster.api.client_info import declared_length
from focusmaster.api.errors import error_response, is_api
from focusmaster.api.etags import READS, conditional
from focusmaster.api.parsers import PayloadTooLarge
from focusmaster.api.request import ApiRequest, initialize
from focusmaster.logs import log_request

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestMiddleware:
    """Give each request an id and a log line, and refuse what no view should see.

    The line has the path without its query, which may hold a secret, and never a
    header or a body.
    """

    def __init__(self, get_response: Callable[[ApiRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ApiRequest) -> HttpResponse:
        started = perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        initialize(request, given if REQUEST_ID.fullmatch(given) else new_request_id())

        response = self._refused_host(request) or self.get_response(request)

        if response.status_code == 200 and request.method in READS:
            response = conditional(request, response)
        for act in request.on_response:
            act(response)
        response["X-Request-Id"] = request.id
        response["X-Content-Type-Options"] = "nosniff"
        # That of a 304 would be the length of what the client has.
        if not response.streaming and response.status_code != 304:
            response["Content-Length"] = str(len(response.content))
        self._log(request, response, perf_counter() - started)
        return response

    def _refused_host(self, request: ApiRequest) -> HttpResponse | None:
        try:
            request.get_host()
        except DisallowedHost:
            return error_response(
                request, 400, "This host is not served here.", "host_not_allowed"
            )
        return None

    def process_view(
        self, request: ApiRequest, *view_and_arguments: Any
    ) -> HttpResponse | None:
        """Refuse a body that is too large.

        Here rather than before: the error gets the headers that a web client on another
        origin needs to read it.
        """
        if is_api(request) and declared_length(request.META) > settings.MAX_BODY_BYTES:
            return error_response(
                request,
                PayloadTooLarge.status_code,
                PayloadTooLarge.default_detail,
                PayloadTooLarge.default_code,
            )
        return None

    def _log(self, request: ApiRequest, response: HttpResponse, took: float) -> None:
        caller = request.caller
        log_request(
            {
                "method": request.method,
                "path": request.path_info,
                "status": response.status_code,
                "ms": round(took * 1000, 2),
                "user": caller.name_in_logs if caller else None,
                "requestId": request.id,
            }
        )


def new_request_id() -> str:
    """Return an id that no other request has; it is no secret.

    The system's randomness would release the GIL at each request.
    """
    return f"{getrandbits(128):032x}"


class ClientOriginMiddleware(CorsMiddleware):
    """CORS, which costs nothing where no other origin asks."""

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response = self.get_response(request)
        if is_api(request) and isinstance(response, HttpResponseBase):
            patch_vary_headers(response, ["origin"])
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
        if is_api(request):
            return self.get_response(request)
        page: HttpResponse = self.pages(request)
        return page

    def process_view(
        self, request: ApiRequest, *view_and_arguments: Any
    ) -> HttpResponse | None:
        if is_api(request):
            return None
        answers = (hook(request, *view_and_arguments) for hook in self.view_hooks)
        return next((answer for answer in answers if answer is not None), None)
