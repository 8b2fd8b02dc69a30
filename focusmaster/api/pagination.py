"""Lists: a page at a time where `limit` asks for it, else whole, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from django.core.signing import BadSignature, Signer
from django.http import HttpResponse, StreamingHttpResponse

from focusmaster.api.etags import ETag
from focusmaster.db.json_rows import JSONResponse, JSONRows
from focusmaster.exceptions import InvalidValue

if TYPE_CHECKING:
    from rest_framework.request import Request

MAX_LIMIT = 1000
LIMIT = re.compile(r"\d{1,4}", re.ASCII)
# A whole list of so many rows at most is made in one piece.
MAX_IN_ONE_PIECE = 1000
# Bytes of a longer list that are kept in memory; the rest is in a temporary file.
MAX_IN_MEMORY = 2**22
CHUNK_BYTES = 2**16


def list_response(
    request: Request, documents: JSONRows, order: tuple[str, ...], lookups: dict
) -> HttpResponse:
    """Answer with the documents that match, all of them or the page asked for."""
    query = request.query_params
    if "limit" in query or "cursor" in query:
        return page_response(request, documents, order, lookups)
    rows = documents.rows(order, MAX_IN_ONE_PIECE + 1, **lookups)
    if len(rows) <= MAX_IN_ONE_PIECE:
        return JSONResponse(b"[%b]" % b",".join(rows))
    return long_list(documents.chunks(order, **lookups))


def page_response(
    request: Request,
    documents: JSONRows,
    order: tuple[str, ...],
    lookups: dict,
    default_limit: str | None = None,
) -> JSONResponse:
    """Answer with one page, and a link to the next where there is one.

    The link has all of the query, so what it asked for stays the same.
    """
    signer = Signer(salt=f"{documents.model._meta.label} by {','.join(order)}")
    query = request.query_params.copy()
    limit, after = limit_in(query.get("limit", default_limit)), None
    if "cursor" in query:
        after = decode_cursor(query["cursor"], signer)
    texts, last = documents.page(order, limit, after, **lookups)
    answer = JSONResponse(b"[%b]" % b",".join(texts))
    if last is not None:
        query["cursor"] = signer.sign_object(last)
        url = request.build_absolute_uri(f"?{query.urlencode()}")
        answer["Link"] = f'<{url}>; rel="next"'
    return answer


def limit_in(text: str | None) -> int:
    if text is None:
        raise InvalidValue("limit", "give it with every cursor")
    if LIMIT.fullmatch(text) and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise InvalidValue("limit", f"give a number from 1 to {MAX_LIMIT}")


def decode_cursor(cursor: str, signer: Signer) -> Sequence[str | None]:
    """Return the place after which a page begins.

    It is signed, so that it need not be checked whether the order has such places.
    """
    try:
        return signer.unsign_object(cursor)
    except BadSignature:
        raise InvalidValue(
            "cursor", "give one from the Link of a list in the same order"
        ) from None


def long_list(chunks: Iterator[list[bytes]]) -> StreamingHttpResponse:
    """Answer with a list that may be too long for memory.

    It is written down before the first byte leaves: a database that fails on the way
    is an error and no list cut short, and no client that reads slowly keeps a
    transaction open.
    """
    with ExitStack() as until_sent:
        file = until_sent.enter_context(SpooledTemporaryFile(MAX_IN_MEMORY))
        tag = ETag()
        for part in list_parts(chunks):
            tag.update(part)
            file.write(part)
        answer = StreamingHttpResponse(
            iter(partial(file.read, CHUNK_BYTES), b""),
            content_type="application/json",
            headers={"ETag": str(tag), "Content-Length": str(file.tell())},
        )
        file.seek(0)
        answer._resource_closers.append(until_sent.pop_all().close)
    return answer


def list_parts(chunks: Iterator[list[bytes]]) -> Iterator[bytes]:
    separator = b"["
    for texts in chunks:
        yield separator + b",".join(texts)
        separator = b","
    yield b"]" if separator == b"," else b"[]"
