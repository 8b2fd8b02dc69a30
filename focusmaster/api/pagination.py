"""What `?limit=` and `?cursor=` ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.core.signing import BadSignature, Signer

from focusmaster.exceptions import InvalidValue

MAX_LIMIT = 1000
LIMIT = re.compile(r"\d{1,4}", re.ASCII)


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
