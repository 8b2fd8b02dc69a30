"""Query parameters of staff's endpoints. Each function raises InvalidValue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from focusmaster.exceptions import InvalidValue
from focusmaster.text import InvalidText, clean_text

NUMBER = re.compile(r"\d{1,9}", re.ASCII)
MAX_SEARCH = 254


def number_in(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Return a number from 1 to `most`."""
    text = query.get(name)
    if text is None:
        return default
    if NUMBER.fullmatch(text) and 1 <= int(text) <= most:
        return int(text)
    raise InvalidValue(name, f"give a number from 1 to {most}")


def choice_in(query: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Return one of the choices, or "" for any: clients send "" to mean that."""
    text = query.get(name, "")
    if text and text not in choices:
        raise InvalidValue(name, f"give one of: {', '.join(choices)}")
    return text


def text_in(query: Mapping[str, str], name: str) -> str:
    """Return the text, normalized."""
    try:
        return clean_text(query.get(name, ""), max_length=MAX_SEARCH, lines=True)
    except InvalidText as exc:
        raise InvalidValue(name, str(exc)) from None
