"""JSON responses past DRF's renderers."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse


class JSONResponse(HttpResponse):
    """A response whose JSON text is there already."""

    def __init__(self, text: bytes | str, status: int = 200) -> None:
        super().__init__(text, content_type="application/json", status=status)


def json_response(data: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(orjson.dumps(data), status)
