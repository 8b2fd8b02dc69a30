"""Rules for text that people write: normal form, visibility, control characters.

API.md §1 has the rules; serializers, query parameters, forms of staff's pages and
commands all apply them by `clean_text`. Nothing in here knows of HTTP.
"""

from __future__ import annotations

import re
import unicodedata

# Trimmed at both ends: every blank of Unicode, and the control characters that people
# type. str.strip() would also drop other control characters, which are errors.
BLANKS = (
    " \t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
# A composed character has at most four code points when it is decomposed, so a text
# that is longer than four times its limit is too long in NFC, too.
LONGEST_DECOMPOSITION = 4
# The time to normalize grows with the square of a run of combining marks: 16,000 of
# them take 0.4 s. No language puts more than a few on a letter.
MAX_MARKS = 256

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Embeddings, overrides and isolates reorder what follows them, also in other texts of
# the same line.
DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# What shows nothing by itself, though Unicode calls it a letter, a mark or a symbol:
# fillers, variation selectors and the rest of Default_Ignorable_Code_Point.
FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}


class InvalidText(ValueError):
    """A text that breaks a rule; the message is fit to show to a person."""


class TextTooLong(InvalidText):
    def __init__(self, max_length: int) -> None:
        super().__init__(f"give at most {max_length} characters")


def normalize(text: str, *, max_length: int | None = None) -> str:
    """Return the text in NFC.

    Raises InvalidText above `max_length` code points, and for more than MAX_MARKS
    combining marks in a row.
    """
    if text.isascii():
        if max_length is not None and len(text) > max_length:
            raise TextTooLong(max_length)
        return text
    if max_length is not None and len(text) > LONGEST_DECOMPOSITION * max_length:
        raise TextTooLong(max_length)
    if len(text) > MAX_MARKS:
        refuse_runs_of_marks(text)
    normal = unicodedata.normalize("NFC", text)
    if max_length is not None and len(normal) > max_length:
        raise TextTooLong(max_length)
    return normal


def refuse_runs_of_marks(text: str) -> None:
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > MAX_MARKS:
            raise InvalidText("give text with fewer marks on one letter")


def clean_text(
    text: str, *, max_length: int | None, lines: bool = False, trim: bool = True
) -> str:
    """Return the text as it is stored and compared; "" if nothing of it is visible.

    It is in NFC, with surrounding blanks trimmed unless told otherwise. With `lines` it
    may have tabs, line breaks (CR LF becomes LF) and direction marks of all kinds.
    Raises InvalidText for other control characters, for direction embeddings, overrides
    and isolates in one line, and above `max_length` code points.
    """
    if trim:
        text = text.strip(BLANKS)
    if text.isascii() and text.isprintable():  # Nearly all texts, and quickly told.
        text = normalize(text, max_length=max_length)
        return "" if text.isspace() else text
    if lines:
        text = text.replace("\r\n", "\n")
    text = normalize(text, max_length=max_length)
    if (CONTROL_BUT_LINES if lines else CONTROL).search(text):
        raise InvalidText("give text without control characters")
    if not lines and DIRECTION.search(text):
        raise InvalidText("give text without characters that change its direction")
    return text if has_visible(text) else ""


def sanitize(text: str, *, max_length: int) -> str:
    """Return text of another service in one line, without what the rules refuse.

    It is cut to `max_length` code points; "" if nothing of it is visible.
    """
    kept = REFUSED.sub("", text)[:MAX_MARKS]
    return clean_text(normalize(kept)[:max_length], max_length=None)


def has_visible(text: str) -> bool:
    """Tell whether anything of the text can be seen."""
    return any(
        unicodedata.category(character) not in INVISIBLE_CATEGORIES
        and not FILLERS.match(character)
        for character in text
    )
