"""The way from a request to a view's method, as short as this API can have it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Empty, Request

from focusmaster.api.renderers import JSONNegotiation


@cache
def built(classes: tuple[type, ...]) -> list[Any]:
    """Build what each request would build anew, though it keeps nothing of one."""
    return [one() for one in classes]


class JSONRequest(Request):
    """DRF's with a body of JSON or none: others are refused before it is read."""

    @property
    def data(self) -> Any:
        if self._full_data is Empty:
            self._load_data_and_files()
        return self._full_data

    def _load_data_and_files(self) -> None:
        self._data = self._full_data = {}
        self._files = {}
        if self.stream is not None:
            (parser,) = self.parsers
            self._data = self._full_data = parser.parse(self.stream)


class ShortDispatch:
    """DRF's steps before a viewset's method, but for what there is none of here.

    That is versions, formats in URLs, throttles and a choice of renderers. `Allow` is
    told to who asks for it, or for a method that there is not.
    """

    format_kwarg = None

    def initialize_request(self, request: HttpRequest, *args, **kwargs) -> Request:
        method = request.method.lower()
        is_question = method == "options"
        self.action = "metadata" if is_question else self.action_map.get(method)
        return JSONRequest(
            request,
            parsers=built(tuple(self.parser_classes)),
            authenticators=built(tuple(self.authentication_classes)),
            negotiator=built((JSONNegotiation,))[0],
            parser_context={"view": self, "args": args, "kwargs": kwargs},
        )

    @property
    def default_response_headers(self) -> dict[str, str]:
        if self.action is not None and self.action != "metadata":
            return {}
        return {"Allow": ", ".join(self.allowed_methods)}

    def initial(self, request: Request, *args, **kwargs) -> None:
        renderers = built(tuple(self.renderer_classes))
        chosen = request.negotiator.select_renderer(request, renderers)
        request.accepted_renderer, request.accepted_media_type = chosen
        self.perform_authentication(request)
        self.check_permissions(request)

    def perform_authentication(self, request: Request) -> None:
        """Find the user at once, where a DRF request does when it is first asked."""
        if not request.authenticators:
            return
        (request._authenticator,) = request.authenticators
        try:
            found = request._authenticator.authenticate(request)
        except APIException:
            request._not_authenticated()
            raise
        if found is None:
            request._not_authenticated()
        else:
            request.user, request.auth = found

    def get_permissions(self) -> list[Any]:
        return built(tuple(self.permission_classes))
