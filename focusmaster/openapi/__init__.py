"""The OpenAPI document: made once, at its first use, from views and serializers.

Each app says in its own `openapi.py` what its calls and objects mean. Those modules,
these and drf-spectacular are imported when the document is asked for, not when the
service starts: most workers never need them.
"""

from __future__ import annotations

import json
from functools import cache
from threading import Lock
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

# drf-spectacular keeps its warnings in a global, and threads may ask at once.
_one_at_a_time = Lock()


def document() -> dict[str, Any]:
    """Return the document as plain JSON values; do not change it."""
    with _one_at_a_time:
        return _document()


@cache
def _document() -> dict[str, Any]:
    generated = SchemaGenerator().get_schema(public=True)
    document: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(generated))
    return document


@cache
def document_text(form: str) -> bytes:
    """Return the document as `json` or `yaml`."""
    if form == "yaml":
        return bytes(OpenApiYamlRenderer().render(document()))
    return orjson.dumps(document())
