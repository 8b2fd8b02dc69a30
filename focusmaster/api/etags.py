"""The `ETag` of a response, and `If-None-Match`: reading only what has changed.

A tag is a hash of the body, so it needs no column and no view can forget it: the same
text has the same tag, whichever worker responds. `If-Match` is in `viewsets`.
"""

from __future__ import annotations

from hashlib import sha256

from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from focusmaster.api.request import ApiRequest

# As many as no two texts will ever share. SHA-256 is what processors are built for.
HASH_DIGITS = 32
READS = frozenset(["GET", "HEAD"])
WRITES = frozenset(["put", "patch", "delete"])
# What describes a body, which a 304 does not have.
BODY_HEADERS = frozenset(["content-type", "content-length"])


class PreconditionFailed(APIException):
    status_code = 412
    default_detail = "It has changed since you read it. Read it again."
    default_code = "precondition_failed"


def etag_of(text: bytes) -> str:
    """Return the strong ETag of a text."""
    return f'"{sha256(text).hexdigest()[:HASH_DIGITS]}"'


class ETag:
    """The same for a text that comes in parts."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.update = self._hash.update

    def __str__(self) -> str:
        return f'"{self._hash.hexdigest()[:HASH_DIGITS]}"'


def is_among(tag: str, given: str) -> bool:
    """Tell whether a tag is in the list that a condition gives, or that is `*`.

    `W/` before a tag makes no difference, in `If-Match` neither: proxies that compress
    weaken the tags of what they pass on, though nothing has changed.
    """
    given_tags = parse_etags(given)
    return given_tags == ["*"] or tag in (one.removeprefix("W/") for one in given_tags)


def conditional(request: ApiRequest, response: HttpResponse) -> HttpResponse:
    """Tag the response to a GET, or return 304 if the client has it already.

    A view or an action with `is_tagged = False` has no tag: what it returns is new each
    time. A streamed response brings its tag, or has none.
    """
    view = request.resolver_match and request.resolver_match.func
    of_view = getattr(getattr(view, "cls", None), "is_tagged", True)
    is_tagged = getattr(view, "initkwargs", {}).get("is_tagged", of_view)
    if not (request.is_api and is_tagged):
        return response
    if response.streaming:
        tag = response.get("ETag")
    else:
        tag = response["ETag"] = etag_of(response.content)
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


class ConditionalWrites:
    """A viewset whose PUT, PATCH and DELETE heed `If-Match`, where there is a GET."""

    # Of the viewset that this is mixed into.
    request: Any
    action_map: dict[str, str]
    args: Any
    kwargs: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # a mixin
        if "HTTP_IF_MATCH" not in request.META:
            return
        method = str(request.method).lower()
        if method in WRITES and {"get", method} <= self.action_map.keys():
            write = partial(self._write_if_unchanged, getattr(self, method))
            setattr(self, method, write)

    def representation(self) -> HttpResponse:
        """Return what a GET of the same URL answers, read from the database now."""
        read = getattr(self, self.action_map["get"])
        response: HttpResponse = read(self.request, *self.args, **self.kwargs)
        return response

    def lock(self, **mode: Any) -> None:
        """Keep others from changing the object: lock its rows, the user's first."""
        users = get_user_model().objects.filter(pk=self.request.user.pk)
        if not users.select_for_update(**mode).values_list("pk"):
            raise RowNotFound

    def _write_if_unchanged(
        self,
        write: Callable[..., HttpResponse],
        request: ApiRequest,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        """Compare and write in one transaction: of two with the same tag, one wins.

        A refusal keeps what was written before it, as it does without the condition: a
        password that was guessed wrong has been counted.
        """
        with transaction.atomic():
            # A stronger lock is for who deletes the row: to ask for it later, with the
            # weaker one in hand, is a way into a deadlock.
            self.lock(no_key=request.method != "DELETE")
            tag = etag_of(self.representation().content)
            if not is_among(tag, request.META["HTTP_IF_MATCH"]):
                raise PreconditionFailed
            try:
                return write(request, *args, **kwargs)
            except (APIException, RuleViolation, InvalidValue, RowNotFound) as exc:
                refusal = exc
        raise refusal
