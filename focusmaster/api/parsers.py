"""The one way a body is read: JSON, strictly."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

# RFC 8259 leaves depth to the reader. Nothing in the API nests deeper than 3.
MAX_DEPTH = 32
# Characters of a name that an error repeats.
MAX_QUOTED = 100
# What PostgreSQL's text cannot hold (NUL) or UTF-8 cannot write (a lone surrogate).
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Strings and brackets. It never goes back over what it has read, and takes a string
# without an end to the end, so that no body costs more than one pass.
NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class PayloadTooLarge(APIException):
    status_code = 413
    default_detail = "The body is larger than 1 MiB."
    default_code = "payload_too_large"


class StrictJSONParser(BaseParser):
    """Read UTF-8 JSON, which may begin with a byte order mark.

    Refused beyond what `json` refuses: a name given twice, NaN and numbers out of
    range, NUL and lone surrogates in text, deep nesting, and bodies over 1 MiB.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        try:
            text = body.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8 text.") from None
        refuse_deep_nesting(text)
        try:
            return (ESCAPES if "\\u" in text else NO_ESCAPES).decode(text)
        except json.JSONDecodeError as exc:
            raise ParseError(
                f"The body is not valid JSON: {exc.msg.lower()} "
                f"at line {exc.lineno}, column {exc.colno}."
            ) from None
        except ValueError:
            # int() refuses more than 4300 digits.
            raise ParseError("The body holds a number that is too long.") from None


def refuse_deep_nesting(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in NESTING.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ParseError(f"The body nests deeper than {MAX_DEPTH} levels.")
        elif token[0] in "]}":
            depth -= 1


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ParseError(f"The body names {name[:MAX_QUOTED]!r} twice.")
            seen.add(name)
    return found


def storable(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, value in pairs:
        refuse_unstorable(name)
        refuse_unstorable(value)
    return unique_names(pairs)


def refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise ParseError("The body holds a character that cannot be stored.")
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item)


def refuse_constant(name: str) -> None:
    raise ParseError(f"The body is not valid JSON: {name} is not a number.")


def finite_number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ParseError("The body holds a number that is too large.")
    return number


def decoder(hook: Callable[[list[tuple[str, Any]]], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=hook,
        parse_constant=refuse_constant,
        parse_float=finite_number,
    )


# What UTF-8 cannot write comes only as an escape; NUL by itself is no JSON.
ESCAPES, NO_ESCAPES = decoder(storable), decoder(unique_names)
