"""Tables as CSV that is safe to open in a spreadsheet, however long they are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from typing import Any

from django.http import FileResponse
from rest_framework.renderers import BaseRenderer

from focusmaster.api.responses import file_response

# A spreadsheet takes a cell that begins with one of these signs for a formula, and runs
# it. The full-width signs count where East Asian scripts are typed. One that expects
# another separator than a comma begins a cell within ours: after a semicolon or a tab,
# and after a line break, because our quotes are then no quotes to it.
FORMULA = re.compile(
    "(^|[;|\t\r\n])(?=[ \u00a0\u3000\"']*[=+@\uff1d\uff0b\uff0d\uff20-])"
)
BLANK_FIRST = ("\t", "\r", "\n")

# Rows that are written together.
ROWS_PER_PART = 100

# Without it, Excel reads the file in the character set of the country.
BYTE_ORDER_MARK = "\ufeff"


class CSVRenderer(BaseRenderer):
    """For a view that answers with `csv_response`; it renders nothing itself."""

    media_type = "text/csv"
    format = "csv"


def csv_response(
    header: Sequence[str], rows: Iterable[Sequence[Any]], filename: str
) -> FileResponse:
    """Return a table as a download; see `file_response`."""
    return file_response(
        csv_parts(chain([header], rows)),
        as_attachment=True,
        filename=filename,
        content_type="text/csv; charset=utf-8",
    )


def csv_parts(rows: Iterator[Sequence[Any]]) -> Iterator[bytes]:
    yield BYTE_ORDER_MARK.encode()
    while part := list(islice(rows, ROWS_PER_PART)):
        text = StringIO()
        csv.writer(text).writerows(map(safe_cells, part))
        yield text.getvalue().encode()


def safe_cells(row: Sequence[Any]) -> list[Any]:
    """Put an apostrophe before text that would be a formula; numbers stay numbers."""
    return [safe_text(cell) if isinstance(cell, str) else cell for cell in row]


def safe_text(text: str) -> str:
    """Return text in which no part would be a formula, wherever cells are split."""
    safe = FORMULA.sub(r"\1'", text)
    return f"'{safe}" if safe.startswith(BLANK_FIRST) else safe
