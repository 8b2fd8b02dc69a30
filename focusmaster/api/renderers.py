"""The one way an answer leaves: JSON, written by orjson."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.conf import settings
from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from focusmaster.api.parsers import PayloadTooLarge

# What browsers, curl and fetch() send, answered without parsing the header.
PLAIN_ACCEPT = frozenset(["", "*/*", "application/json", "application/json, */*"])

# A weight of nothing: "not this one" (RFC 9110 §12.4.2).
REFUSED = re.compile(r"q\s*=\s*0(\.0{0,3})?")


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data)


class JSONNegotiation(DefaultContentNegotiation):
    """`Accept` decides, `?format=` does not; a refusal is 406 in JSON.

    A body of another type, or one that is too large, is refused here, before the view:
    also by a view that looks at no body.
    """

    def select_parser(
        self, request: Request, parsers: Iterable[BaseParser]
    ) -> BaseParser | None:
        """Return the parser of exactly this type: a body cannot be of type `*/*`."""
        name = request.content_type.partition(";")[0].strip().lower()
        return next((one for one in parsers if one.media_type == name), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        has_body = request.stream is not None
        if has_body and int(request.META["CONTENT_LENGTH"]) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        if has_body and not self.select_parser(request, request.parsers or ()):
            raise UnsupportedMediaType(
                request.content_type, "Send the body as application/json."
            )
        is_plain = request.META.get("HTTP_ACCEPT", "") in PLAIN_ACCEPT
        if is_plain and request.method != "OPTIONS":
            first = next(iter(renderers))
            return first, first.media_type
        if request.method == "OPTIONS":
            # It tells of the endpoint, which may itself respond in another type.
            renderers = [JSONRenderer()]
        for entry in self.get_accept_list(request):
            for renderer in renderers:
                if accepts(entry, renderer.media_type):
                    return renderer, renderer.media_type
        raise NotAcceptable


def accepts(entry: str, media_type: str) -> bool:
    """Tell whether one entry of an `Accept` header takes the media type."""
    name, *parameters = (part.strip().lower() for part in entry.split(";"))
    kind = media_type.partition("/")[0]
    refused = any(REFUSED.fullmatch(parameter) for parameter in parameters)
    return not refused and name in ("*/*", f"{kind}/*", media_type)
