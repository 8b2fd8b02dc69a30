"""What the document is put together from: introduction, types, parameters, headers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter

from focusmaster.api.query_params import Id

Schema = dict[str, Any]

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
* **Durations** are whole seconds; in the settings, minutes. A fraction is rounded, \
in these and in other whole numbers.
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

The server in front of the API refuses what never reaches it, without a body, and \
closes the connection: a request that is not HTTP is 400, an address of more than \
65,534 bytes 414, and more than 100 headers, or about half a megabyte of them, 431.
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

ID = Id("_id").schema()
INSTANT = {"type": "string", "format": "date-time"}
INSTANT_OR_ANY_DAY = {
    "type": "string",
    "anyOf": [
        {"format": "date-time"},
        {"format": "date"},
        {"pattern": r"^\d{2}-\d{2}-\d{4}$"},
    ],
}

# Parameters

ID_IN_PATH = OpenApiParameter("id", ID, OpenApiParameter.PATH)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Any text that is new for each new request. Sent again with the same "
    "one within 24 hours, the request is not done again: its first answer comes again, "
    "with `Idempotency-Replayed: true`. Another request with it is 409 "
    "`idempotency_key_reused`, and while the first is under way 409 "
    "`idempotency_in_flight`. An answer with a token is not stored: again, it is 409 "
    "`idempotency_key_used`. Without a token, the key counts together with the email "
    "and the password, `guestId` or Google token in the body; without one of these it "
    "does not count, and the answer says `Idempotency-Stored: false`.",
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
# Headers


def text_header(name: str, description: str) -> Schema:
    return {name: {"schema": {"type": "string"}, "description": description}}


ETAG = text_header("ETag", "Names this very answer.")
LINK = text_header(
    "Link",
    'With `limit`, while there is more: the next page, as `<https://…>; rel="next"`.',
)
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
