"""Capture of requests that crash, without what should not be stored.

Of a request it stores the path (without the query and ids), the method, the id and what
logs call the user; never a header or a body. Of the exception it stores the traceback
without values, and the first line of the message, in which all that could be a secret
or a text of a user's is replaced.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception

from focusmaster.api.request import ApiRequest
from focusmaster.logs import without_ids
from moderation.models import ErrorGroup

log = logging.getLogger("focusmaster.errors")

HIDDEN = "[…]"
# A chain of causes can be a circle, or endless.
MOST_CAUSES = 5
# A quoted text is kept if it is a name, such as that of a column.
QUOTED = re.compile(r"""(?<!\w)(["'])((?:\\.|(?!\1).)*)\1""")
NAME = re.compile(r"[A-Za-z_][\w.]{0,60}")
# In this order: a value that is wrong, addresses, the value after a telling name, and
# what is long enough to be a token or a number.
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
    """Store every request that crashes from now on."""
    got_request_exception.connect(note_crash, dispatch_uid="moderation.error_capture")


@contextmanager
def failure_logged() -> Iterator[None]:
    """Log what goes wrong in here: the response to the crash stays as it is."""
    try:
        yield
    except Exception:
        log.exception("An error was not noted")


@failure_logged()
def note_crash(request: ApiRequest | None = None, **kwargs: Any) -> None:
    """Store the exception that is being handled, once there is a response.

    By then no transaction of the request is open, which could be broken or rolled back.
    """
    exc = sys.exc_info()[1]
    # A request that our middleware has not seen has no list of hooks.
    if exc and request is not None and hasattr(request, "on_response"):
        facts = facts_of(exc, request)
        request.on_response.append(lambda response: store(facts, request))


@failure_logged()
def store(facts: dict[str, Any], request: ApiRequest) -> None:
    # A page has a user where the API has a caller.
    user = request.caller or getattr(request, "user", None)
    name = user.name_in_logs if user and user.pk else None
    ErrorGroup.objects.note(**facts, user_id=name)


def facts_of(exc: BaseException, request: ApiRequest) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint_of(exc),
        "message": message_of(exc),
        "stack": stack_of(exc),
        "path": without_ids(request.path_info.replace("\0", "")),
        "method": str(request.method)[:10],
        "status_code": 500,
        "request_id": request.id,
    }


def causes_of(exc: BaseException) -> Iterator[BaseException]:
    """Yield the exception, then the one that it was raised from, and so on."""
    found: list[BaseException] = []
    cause: BaseException | None = exc
    while cause is not None and cause not in found and len(found) < MOST_CAUSES:
        found.append(cause)
        yield cause
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)


def fingerprint_of(exc: BaseException) -> bytes:
    """Return a hash of where the error came from, the same in every deployment."""
    places = [
        (kind_of(one), *(f"{path_of(frame)} {frame.name}" for frame in frames_of(one)))
        for one in causes_of(exc)
    ]
    return sha256(repr(places).encode()).digest()


def message_of(exc: BaseException) -> str:
    """Return the type of the error and the first line of its text, without secrets."""
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
    """Return the traceback, most recent call last, with all causes before it."""
    parts = []
    for one in reversed(list(causes_of(exc))):
        lines = [
            f"  {path_of(frame)}, line {frame.lineno}, in {frame.name}\n"
            f"    {frame.line}"
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


def path_of(frame: FrameSummary) -> str:
    """Return the path of a file within the project, or within its package."""
    path = Path(frame.filename)
    _, separator, inside = frame.filename.partition("site-packages/")
    if separator:
        return inside
    if path.is_relative_to(settings.BASE_DIR):
        return str(path.relative_to(settings.BASE_DIR))
    return path.name
