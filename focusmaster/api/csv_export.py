"""Tables as CSV that is safe to open in a spreadsheet, however long they are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from typing import Any

from django.http import FileResponse
from rest_framework.renderers import BaseRenderer

from focusmaster.api.responses import file_response

# A spreadsheet takes a cell that begins so for a formula, and runs it. The full-width
# signs count where East Asian scripts are typed.
DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

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
    return [
        f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell
        for cell in row
    ]
