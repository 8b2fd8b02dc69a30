"""What `?cursor=` asks for."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.signing import BadSignature, Signer

from focusmaster.exceptions import InvalidValue


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
