"""Logs: one JSON object a line, on standard error."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from focusmaster.dates.rfc3339 import format_instant

if TYPE_CHECKING:
    from focusmaster.api.request import ApiRequest

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "focusmaster.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Each request has its line from focusmaster.request already.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Would write tokens with each request; what went wrong we log ourselves.
        "spotipy": {"level": "CRITICAL"},
    },
}

# What no line of ours has, and a record need not look up (Logging HOWTO, Optimization).
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False
logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # new in 3.12

# Ids in texts. That of a guest opens the account, and nothing tells whose one is.
IDS = re.compile(r"[0-9a-f]{24,}", re.IGNORECASE)

request_log = logging.getLogger("focusmaster.request")


def without_ids(text: str) -> str:
    """Return a path or another text with `{id}` in place of each id of a row."""
    return IDS.sub("{id}", text)


def log_request(request: ApiRequest, status: int, seconds: float) -> None:
    """Write the line of a request: never its query, an id, a header or the body."""
    fields = {
        "method": request.method,
        "path": without_ids(request.path_info),
        "status": status,
        "ms": round(seconds * 1000, 2),
        "user": request.caller.name_in_logs if request.caller else None,
        "requestId": request.id,
    }
    if request_log.isEnabledFor(logging.INFO):
        # Not `info`, which looks for the place in the code, the same for all.
        extra = {"fields": fields}
        record = request_log.makeRecord(
            request_log.name, logging.INFO, "", 0, "request", (), None, extra=extra
        )
        request_log.handle(record)


class JSONFormatter(logging.Formatter):
    """Write time, level, logger and message, and what `extra={"fields": …}` adds.

    Message and traceback are without ids: errors of the database quote values.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": format_instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_ids(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = without_ids(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode(errors="replace")
