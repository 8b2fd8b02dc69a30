"""Logs: one JSON object a line, on standard error."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from time import time
from typing import Any

import orjson

from focusmaster.dates.rfc3339 import format_instant

# What no line of ours has, and a record need not look up (Logging HOWTO, Optimization).
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False
logging.logAsyncioTasks = False

request_log = logging.getLogger("focusmaster.request")


class RequestRecord(logging.LogRecord):
    """The record of a request.

    What others take pains to find out of their place in the code is the same for all.
    """

    same = vars(
        logging.LogRecord(request_log.name, logging.INFO, "", 0, "request", (), None)
    )

    def __init__(self, fields: dict[str, Any]) -> None:
        now = time()
        vars(self).update(self.same, fields=fields, created=now, msecs=now % 1 * 1000)


def log_request(fields: dict[str, Any]) -> None:
    if request_log.isEnabledFor(logging.INFO):
        request_log.handle(RequestRecord(fields))


class JSONFormatter(logging.Formatter):
    """Write time, level, logger and message, and what `extra={"fields": …}` adds."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": format_instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode(errors="replace")
