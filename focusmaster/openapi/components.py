"""What the document is put together from: its introduction, ids, instants, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter

from focusmaster.api.errors import DATABASE_RETRY_AFTER, PUBLISHED, DatabaseUnavailable
from focusmaster.api.etags import PreconditionFailed
from focusmaster.api.pagination import MAX_LIMIT
from focusmaster.api.parsers import PayloadTooLarge
from focusmaster.db.fields import OBJECT_ID

INTRODUCTION = """\
Focus sessions, a task board and working time, for you and the people you host.

**Start here:** create an account with `POST /api/auth/register`. On this page the \
browser keeps the sign-in as a cookie, so every other call can be tried right away. \
A program sends the `token` of the answer as `Authorization: Bearer …`.

* **JSON** in and out, UTF-8, at most 1 MiB. A slash at the end of a path is tolerated.
* **Ids** are 24 lower-case hex digits. A row of someone else is 404, exactly like one \
that does not exist.
* **Instants** are RFC 3339: with any offset on the way in, in UTC with `Z` on the way \
out, to the millisecond.
* **Durations** are whole seconds; in the settings, minutes. A fraction is rounded.
* **Every field of an object is always there**; what has no value is `null`, `""` or \
`[]`.
* **Fields that the server sets** (`_id`, `user`, `createdAt` …) are ignored in a \
body, so what was read can be sent back. A name that no answer has is refused with 400.
* **Days** are days in the time zone of your settings; `tz` overrides it once.
* **Sent again, done once:** a POST with an `Idempotency-Key` of your choice can be \
repeated until its answer arrives.
* **Read again, if it changed:** every answer to a GET has an `ETag`, for \
`If-None-Match`, and for `If-Match` when you change what you read.
* **Long lists** come whole, or with `limit` in pages that a `Link` header joins.

### Errors

Every error has the same shape: a `message` to show to a person, a `code` for \
programs that never changes, and the `requestId`, which the header `X-Request-Id` \
carries, too. When fields are wrong, `errors` names each. Beside the errors listed \
with a call, a path that does not exist is 404 and a method it does not have is 405.
"""

SECURITY_SCHEMES = {
    "BearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `token` that signing in answers with.",
    },
    "CookieAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.TOKEN_COOKIE,
        "description": "The same token, which signing in also sets as a cookie. A "
        "browser sends it by itself: there is nothing to fill in. The header wins, and "
        "only this site and allowed clients may change something with the cookie.",
    },
}

ID = {"type": "string", "pattern": f"^{OBJECT_ID.pattern}$"}
INSTANT = {"type": "string", "format": "date-time"}
INSTANT_OR_DAY = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}"
    r"([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?$",
}
INSTANT_OR_ANY_DAY = {
    "type": "string",
    "anyOf": [
        {"format": "date-time"},
        {"format": "date"},
        {"pattern": r"^\d{2}-\d{2}-\d{4}$"},
    ],
}

ERROR = {"$ref": "#/components/schemas/Error"}
ERROR_SCHEMA = {
    "type": "object",
    "description": "What is wrong, for people and for programs.",
    "properties": {
        "message": {"type": "string", "description": "Fit to show to a person."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "errors": {
            "type": "array",
            "description": "Each field that is wrong; only there when fields are.",
            "items": {
                "type": "object",
                "properties": {
                    "field": {
                        "type": "string",
                        "description": "Its name, with dots where it is nested; empty "
                        "when the whole body is meant.",
                    },
                    "message": {"type": "string"},
                },
                "required": ["field", "message"],
                "additionalProperties": False,
            },
        },
        "requestId": {
            "type": "string",
            "description": "Names this request in the log; also in `X-Request-Id`.",
        },
    },
    "required": ["message", "code", "requestId"],
    "additionalProperties": False,
}
BAD_REQUEST = "The request is wrong by itself."
REQUEST_ID = "1f0c7d5e9a3b48d6a2e4c8b07f6d5e31"


def error_example(
    code: str, message: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"message": message, "code": code}
    if errors:
        body["errors"] = errors
    return body | {"requestId": REQUEST_ID}


def _common(
    name: str,
    description: str,
    *examples: dict[str, Any],
    headers: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return the component's name and the response object."""
    response: dict[str, Any] = {"description": description}
    if headers:
        response["headers"] = {
            header: {"schema": {"type": "string"}, "description": text}
            for header, text in headers.items()
        }
    content: dict[str, Any] = {"schema": ERROR}
    if len(examples) == 1:
        content["example"] = examples[0]
    else:
        content["examples"] = {one["code"]: {"value": one} for one in examples}
    response["content"] = {"application/json": content}
    return name, response


# Headers that mean the same wherever they are, and the two parameters of every list.
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Any text that is new for each new request. Sent again with the same "
    "one within 24 hours, the request is not done again: its first answer comes again, "
    "with `Idempotency-Replayed: true`. Another request with it is 409 "
    "`idempotency_key_reused`, and while the first is under way 409 "
    "`idempotency_in_flight`.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The `ETag` of what you have: 304 as long as nothing has changed.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The `ETag` of what you read: 412 if it has changed since.",
)
PAGE = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
        description="Sends so many at most, and a `Link` to the next page where there "
        "is one. Without it, the whole list is sent.",
    ),
    OpenApiParameter(
        "cursor",
        {"type": "string"},
        description="The place where a page begins; it comes with the `Link`.",
    ),
]
ETAG = {
    "ETag": {"schema": {"type": "string"}, "description": "Names this very answer."}
}
LINK = {
    "Link": {
        "schema": {"type": "string"},
        "description": "With `limit`, while there is more: the next page, as "
        '`<https://…>; rel="next"`.',
    }
}
REPLAYED = {
    "Idempotency-Replayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "There when this is the answer to an earlier request with the "
        "same `Idempotency-Key`.",
    }
}
NOT_MODIFIED = {
    "description": "You have it already: the `ETag` is that of `If-None-Match`.",
    "headers": ETAG,
}

COMMON_ERRORS = {
    400: _common(
        "BadRequest",
        BAD_REQUEST,
        error_example(
            "invalid",
            "title: give at least one character",
            [{"field": "title", "message": "give at least one character"}],
        ),
        error_example("parse_error", "The body is not UTF-8 text."),
    ),
    401: _common(
        "Unauthorized",
        "There is no token, or it is bad, expired or revoked.",
        error_example(PUBLISHED[401][1], PUBLISHED[401][0]),
        headers={"WWW-Authenticate": "`Bearer`"},
    ),
    403: _common(
        "Forbidden",
        "The account is banned or suspended, or another site sent the cookie.",
        error_example("banned", "This account is banned: Violation of terms"),
        error_example(
            "suspended", "This account is suspended until 2026-02-09T10:00:00Z."
        ),
        error_example(
            "origin_not_allowed",
            "A request with the cookie must come from this site or an allowed one.",
        ),
    ),
    404: _common(
        "NotFound",
        "There is no such row, or it is someone else's.",
        error_example(PUBLISHED[404][1], PUBLISHED[404][0]),
    ),
    406: _common(
        "NotAcceptable",
        "`Accept` takes no JSON.",
        error_example("not_acceptable", "Could not satisfy the request Accept header."),
    ),
    412: _common(
        "PreconditionFailed",
        "It is no longer what `If-Match` names.",
        error_example(
            PreconditionFailed.default_code, PreconditionFailed.default_detail
        ),
    ),
    413: _common(
        "PayloadTooLarge",
        "The body is over 1 MiB.",
        error_example(PayloadTooLarge.default_code, PayloadTooLarge.default_detail),
    ),
    415: _common(
        "UnsupportedMediaType",
        "The body is not `application/json`.",
        error_example(
            "unsupported_media_type",
            "Send the body as application/json.",
        ),
    ),
    500: _common(
        "ServerError",
        "A fault of ours; it is in the log.",
        error_example(PUBLISHED[500][1], PUBLISHED[500][0]),
    ),
    503: _common(
        "Unavailable",
        "The database does not answer.",
        error_example(
            DatabaseUnavailable.default_code, DatabaseUnavailable.default_detail
        ),
        headers={"Retry-After": f"Seconds to wait, such as {DATABASE_RETRY_AFTER}."},
    ),
}
