"""Lists: a page at a time where `limit` asks for it, else whole, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from django.core.signing import BadSignature, Signer
from django.http import FileResponse, HttpResponse

from focusmaster.api.etags import ETag
from focusmaster.api.responses import JSONResponse
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import InvalidValue

if TYPE_CHECKING:
    from focusmaster.api.request import ApiRequest

MAX_LIMIT = 1000
LIMIT = re.compile(r"\d{1,4}", re.ASCII)
# A whole list of so many rows at most is made in one piece.
MAX_IN_ONE_PIECE = 1000
# Bytes of a longer list that are kept in memory; the rest is in a temporary file.
MAX_IN_MEMORY = 2**22
CHUNK_BYTES = 2**16


def list_response(
    request: ApiRequest, rows: JSONRows, order: tuple[str, ...], lookups: dict[str, Any]
) -> HttpResponse | FileResponse:
    """Return the rows that match, all of them or the page that is asked for."""
    query = request.query_params
    if "limit" in query or "cursor" in query:
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
    default_limit: str | None = None,
) -> JSONResponse:
    """Return one page, and a link to the next where there is one.

    The link has all of the query, so that what it asks for stays the same.
    """
    signer = Signer(salt=f"{rows.model._meta.label} by {','.join(order)}")
    query = request.query_params.copy()
    limit, after = limit_in(query.get("limit", default_limit)), None
    if "cursor" in query:
        after = decode_cursor(str(query["cursor"]), signer)
    texts, last = rows.page(order, limit, after, **lookups)
    response = JSONResponse(b"[%b]" % b",".join(texts))
    if last is not None:
        query["cursor"] = signer.sign_object(last)
        url = request.build_absolute_uri(f"?{query.urlencode()}")
        response["Link"] = f'<{url}>; rel="next"'
    return response


def limit_in(text: str | None) -> int:
    if text is None:
        raise InvalidValue("limit", "give it with every cursor")
    if LIMIT.fullmatch(text) and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise InvalidValue("limit", f"give a number from 1 to {MAX_LIMIT}")


def decode_cursor(cursor: str, signer: Signer) -> Sequence[str | None]:
    """Return the values after which a page begins.

    The cursor is signed, so these values need no check against the order.
    """
    try:
        values: list[str | None] = signer.unsign_object(cursor)
    except BadSignature:
        raise InvalidValue(
            "cursor", "give one from the Link of a list in the same order"
        ) from None
    return values


def long_list(chunks: Iterator[list[bytes]]) -> FileResponse:
    """Return a list that may be too long for memory, through a temporary file."""
    return file_response(list_parts(chunks), content_type="application/json")


def file_response(parts: Iterable[bytes], **options: Any) -> FileResponse:
    """Return the parts as one response, written to a temporary file before it begins.

    A database that fails on the way is an error and no response cut short, and a client
    that reads slowly keeps no transaction open.
    """
    tag = ETag()
    with ExitStack() as on_failure:
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
