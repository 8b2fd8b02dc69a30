"""Noting requests that crash, without anything that should not be kept.

Of a request there is its path (not its query), method and id, and who sent it; never a
header or a body. Of the exception there is where it came from, line by line, without
any values, and its first line with everything replaced that could be a secret or that
somebody wrote.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest

from moderation.models import ErrorGroup

log = logging.getLogger("focusmaster.errors")

HIDDEN = "[…]"
# A chain of causes can be a circle, or endless.
MOST_CAUSES = 5
# What is quoted is kept if it is a name, as of a column.
QUOTED = re.compile(r"""(?<!\w)(["'])((?:\\.|(?!\1).)*)\1""")
NAME = re.compile(r"[A-Za-z_][\w.]{0,60}")
# In this order: what was given and is wrong, an address, the value after a telling
# name, and what is long enough to be a token or a number.
SECRETS = [
    (re.compile(r""":\s*(["'])[^"']*\1$"""), f": {HIDDEN}"),
    (re.compile(r"=\(.*\)"), f"=({HIDDEN})"),
    (re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+"), HIDDEN),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.I), HIDDEN),
    (re.compile(r"\b(bearer|basic)\s+\S+", re.I), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(\w*(?:passw|secret|token|key|otp|code|cookie|authori[sz]ation|session)"
            r"\w*[\"']?(?:\s*[:=]\s*|\s+is\s+))\S+",
            re.I,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?=[\w+/=-]*\d)[\w+/=-]{20,}|[\w+/=-]{60,}"), HIDDEN),
    (re.compile(r"\d[\d .-]{4,}\d"), HIDDEN),
]


def watch() -> None:
    """Have every request that crashes noted from now on."""
    got_request_exception.connect(note_crash, dispatch_uid="moderation.error_capture")


def note_crash(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Note the exception that is being handled, once the answer is there.

    Then no transaction of the request is left that could be broken, or take the note
    back. What goes wrong here is logged and changes no answer.
    """
    exc = sys.exc_info()[1]
    if exc is None or not hasattr(request, "on_response"):
        return
    try:
        facts = facts_of(exc, request)
    except Exception:
        log.exception("An error was not noted")
        return
    request.on_response.append(lambda response: store(facts))


def store(facts: dict[str, Any]) -> None:
    try:
        ErrorGroup.objects.note(**facts)
    except Exception:
        log.exception("An error was not noted")


def facts_of(exc: BaseException, request: HttpRequest) -> dict[str, Any]:
    caller = request.caller or staff_of(request)
    return {
        "fingerprint": fingerprint_of(exc),
        "message": message_of(exc),
        "stack": stack_of(exc),
        "path": request.path_info.replace("\0", ""),
        "method": request.method[:10],
        "status_code": 500,
        "user_id": caller.pk if caller else None,
        "request_id": request.id,
    }


def staff_of(request: HttpRequest) -> Any:
    """Return who is signed in to the pages, if that has been looked up already."""
    session = getattr(request, "session", None)
    if session is None or not session.accessed:
        return None
    return request.user if request.user.is_authenticated else None


def causes_of(exc: BaseException) -> Iterator[BaseException]:
    """Yield the exception, then what it was raised from, and so on."""
    found: list[BaseException] = []
    cause: BaseException | None = exc
    while cause is not None and cause not in found and len(found) < MOST_CAUSES:
        found.append(cause)
        yield cause
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)


def fingerprint_of(exc: BaseException) -> bytes:
    """Return what errors from the same place have in common, in any deployment."""
    places = [
        (kind_of(one), *(f"{place(frame)} {frame.name}" for frame in frames_of(one)))
        for one in causes_of(exc)
    ]
    return sha256(repr(places).encode()).digest()


def message_of(exc: BaseException) -> str:
    """Return the kind of error and the first line of what it says, without secrets."""
    try:
        lines = str(exc).strip().splitlines()
    except Exception:
        lines = []
    said = without_secrets(lines[0]) if lines else ""
    return f"{kind_of(exc)}: {said}" if said else kind_of(exc)


def without_secrets(text: str) -> str:
    text = QUOTED.sub(name_or_hidden, text[:2000].replace("\0", ""))
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text.encode(errors="replace").decode()


def name_or_hidden(quoted: re.Match[str]) -> str:
    return quoted[0] if NAME.fullmatch(quoted[2]) else HIDDEN


def stack_of(exc: BaseException) -> str:
    """Return where the error came from, like a traceback with the last call last."""
    parts = []
    for one in reversed(list(causes_of(exc))):
        lines = [
            f"  {place(frame)}, line {frame.lineno}, in {frame.name}\n    {frame.line}"
            for frame in frames_of(one)
        ]
        parts.append("\n".join([*lines, message_of(one)]))
    return "\n\nled to\n\n".join(parts)


def frames_of(exc: BaseException) -> list[FrameSummary]:
    return list(extract_tb(exc.__traceback__))


def kind_of(exc: BaseException) -> str:
    kind = type(exc)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def place(frame: FrameSummary) -> str:
    """Return a file by its name in the project, or in the package it belongs to."""
    path = Path(frame.filename)
    _, separator, inside = frame.filename.partition("site-packages/")
    if separator:
        return inside
    if path.is_relative_to(settings.BASE_DIR):
        return str(path.relative_to(settings.BASE_DIR))
    return path.name
