"""The responses of endpoints: JSON that is there already, lists, pages and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import orjson
from django.core.signing import Signer
from django.db import transaction
from django.http import FileResponse, HttpResponse

from focusmaster.api.etags import ETag
from focusmaster.api.pagination import decode_cursor
from focusmaster.exceptions import InvalidValue, refuse_full_disk

if TYPE_CHECKING:
    from focusmaster.api.request import ApiRequest
    from focusmaster.db.json_rows import JSONRows

# Headers of a response with a secret that is shown once, such as a token: no cache
# keeps it, and it is not stored for an `Idempotency-Key`.
NO_STORE = {"Cache-Control": "no-store"}
# A whole list of so many rows at most is made in one piece.
MAX_IN_ONE_PIECE = 1000
# Bytes of a longer list that are kept in memory; the rest is in a temporary file.
MAX_IN_MEMORY = 2**22
CHUNK_BYTES = 2**16


class JSONResponse(HttpResponse):
    """A response whose JSON text is there already."""

    def __init__(self, text: bytes | str, status: int = 200) -> None:
        super().__init__(text, content_type="application/json", status=status)


def json_response(data: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(orjson.dumps(data), status)


def list_response(
    request: ApiRequest, rows: JSONRows, order: tuple[str, ...], lookups: dict[str, Any]
) -> HttpResponse | FileResponse:
    """Return the rows that match, all of them or the page that is asked for."""
    if "limit" in request.query or "cursor" in request.query:
        return page_response(request, rows, order, lookups)
    texts = rows.all(order, MAX_IN_ONE_PIECE + 1, **lookups)
    if len(texts) <= MAX_IN_ONE_PIECE:
        return JSONResponse(b"[%b]" % b",".join(texts))
    return long_list(rows.chunks(order, **lookups))


def page_response(
    request: ApiRequest,
    rows: JSONRows,
    order: tuple[str, ...],
    lookups: dict[str, Any],
) -> JSONResponse:
    """Return one page, and a link to the next where there is one.

    The link has all of the query, so that what it asks for stays the same.
    """
    signer = Signer(salt=f"{rows.model._meta.label} by {','.join(order)}")
    limit, after = request.query.get("limit"), None
    if limit is None:
        raise InvalidValue("limit", "give it with every cursor")
    if "cursor" in request.query:
        after = decode_cursor(request.query["cursor"], signer)
    texts, last = rows.page(order, limit, after, **lookups)
    response = JSONResponse(b"[%b]" % b",".join(texts))
    if last is not None:
        query = request.query_params.copy()
        query["cursor"] = signer.sign_object(last)
        url = request.build_absolute_uri(f"?{query.urlencode()}")
        response["Link"] = f'<{url}>; rel="next"'
    return response


def long_list(chunks: Iterator[list[bytes]]) -> FileResponse:
    """Return a list that may be too long for memory, through a temporary file."""
    return file_response(list_parts(chunks), content_type="application/json")


def file_response(parts: Iterable[bytes], **options: Any) -> FileResponse:
    """Return the parts as one response, written to a temporary file before it begins.

    They are made in a transaction, so that they may come from a cursor on the server. A
    database that fails on the way is an error and no response cut short, and a client
    that reads slowly keeps no transaction open.
    """
    tag = ETag()
    with refuse_full_disk(), transaction.atomic(), ExitStack() as on_failure:
        file = on_failure.enter_context(SpooledTemporaryFile(MAX_IN_MEMORY))
        for part in parts:
            tag.update(part)
            file.write(part)
        length = file.tell()
        file.seek(0)
        on_failure.pop_all()
    headers = {"ETag": str(tag), "Content-Length": str(length)}
    response = FileResponse(file, headers=headers, **options)
    response.block_size = CHUNK_BYTES
    return response


def list_parts(chunks: Iterator[list[bytes]]) -> Iterator[bytes]:
    separator = b"["
    for texts in chunks:
        yield separator + b",".join(texts)
        separator = b","
    yield b"]" if separator == b"," else b"[]"
