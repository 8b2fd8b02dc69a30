"""The `ETag` of a response, and `If-None-Match`: reading only what has changed.

A tag is a hash of the body, so it needs no column and no view can forget it: the same
text has the same tag, whichever worker responds. `If-Match` is in `viewsets`.
"""

from __future__ import annotations

import re
from hashlib import sha256

from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException

from focusmaster.api.request import ApiRequest, view_option

# As many as no two texts will ever share. SHA-256 is what processors are built for.
HASH_DIGITS = 32
READS = frozenset(["GET", "HEAD"])
WRITES = frozenset(["put", "patch", "delete"])
# What proxies that compress add to a tag: before it, or at its end.
WEAK = "W/"
CODING = re.compile(
    r"(?:(?:--?|;)(?:aes128gcm|br|compress|dcb|dcz|deflate|exi|gzip|identity"
    r'|pack200-gzip|x-compress|x-gzip|zstd))+(?="\Z)',
    re.IGNORECASE,
)
# What describes a body, which a 304 does not have.
BODY_HEADERS = frozenset(["content-type", "content-length"])


class PreconditionFailed(APIException):
    status_code = 412
    default_detail = "It has changed since you read it. Read it again."
    default_code = "precondition_failed"


class ETag:
    """The strong ETag of a text, which may come in parts."""

    def __init__(self, text: bytes = b"") -> None:
        self._hash = sha256(text)
        self.update = self._hash.update

    def __str__(self) -> str:
        return f'"{self._hash.hexdigest()[:HASH_DIGITS]}"'


def is_among(tag: str, given: str) -> bool:
    """Tell whether a tag is in the list that a condition gives, or that is `*`.

    The marks of proxies that compress, such as `W/` or `-gzip`, make no difference, in
    `If-Match` neither: nothing has changed.
    """
    given_tags = parse_etags(given)
    return given_tags == ["*"] or tag in map(unmarked, given_tags)


def unmarked(tag: str) -> str:
    """Return a tag as it was before proxies compressed what it is of."""
    return CODING.sub("", tag.removeprefix(WEAK))


def conditional(request: ApiRequest, response: HttpResponse) -> HttpResponse:
    """Tag the response to a GET, or return 304 if the client has it already.

    A view or an action with `is_tagged = False` has no tag: what it returns is new each
    time. A streamed response brings its tag, or has none.
    """
    view = request.resolver_match and request.resolver_match.func
    if not (request.is_api and view_option(view, "is_tagged", True)):
        return response
    if response.streaming:
        tag = response.get("ETag")
    else:
        tag = response["ETag"] = str(ETag(response.content))
    given = request.META.get("HTTP_IF_NONE_MATCH")
    if given is None or tag is None or not is_among(tag, given):
        return response
    return not_modified(response)


def not_modified(response: HttpResponse) -> HttpResponse:
    """Return the same response without its body."""
    bare = HttpResponseNotModified()
    for name, value in response.items():
        if name.lower() not in BODY_HEADERS:
            bare[name] = value
    bare.cookies = response.cookies
    if isinstance(response, FileResponse):
        response.file_to_stream.close()
    return bare
