"""How the document describes errors: their shape, those of all endpoints, helpers."""

from __future__ import annotations

from collections.abc import Sequence

from drf_spectacular.plumbing import build_examples_list
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.exceptions import APIException

from focusmaster.api.errors import DATABASE_RETRY_AFTER, PUBLISHED, DatabaseUnavailable
from focusmaster.api.etags import PreconditionFailed
from focusmaster.api.idempotency import InFlight, KeyReused, KeyUsed
from focusmaster.api.parsers import PayloadTooLarge
from focusmaster.exceptions import LinkedServiceError, RuleViolation
from focusmaster.openapi.components import Schema, text_header

ERROR = {"$ref": "#/components/schemas/Error"}
ERROR_SCHEMA: Schema = {
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

# An exception that has a code and a message, or these two.
ErrorCase = (
    type[APIException]
    | type[RuleViolation]
    | type[LinkedServiceError]
    | tuple[str, str]
)


def error_body(case: ErrorCase, errors: Sequence[Schema] = ()) -> Schema:
    if isinstance(case, tuple):
        code, message = case
    elif issubclass(case, APIException):
        code, message = case.default_code, str(case.default_detail)
    else:
        code, message = case.code, case.message
    body: Schema = {**getattr(case, "more", {}), "message": message, "code": code}
    if errors:
        body["errors"] = errors
    return body | {"requestId": "1f0c7d5e9a3b48d6a2e4c8b07f6d5e31"}


def error_response(description: str, *cases: ErrorCase) -> OpenApiResponse:
    """Declare an error with an example for each of its codes."""
    bodies = [error_body(case) for case in cases]
    examples = [OpenApiExample(body["code"], body) for body in bodies]
    return OpenApiResponse(ERROR, description, examples)


def conflict_response(*violations: type[RuleViolation]) -> OpenApiResponse:
    """Declare the 409 of the rules that a request may break."""
    return error_response("The current state forbids it.", *violations)


def invalid_response(field: str, message: str) -> OpenApiResponse:
    """Declare the 400 of an endpoint, with a mistake that is easily made."""
    text = ": ".join(part for part in (field, message) if part)
    body = error_body(("invalid", text), [{"field": field, "message": message}])
    return OpenApiResponse(ERROR, BAD_REQUEST, [OpenApiExample("invalid", body)])


WRONG_RANGE = invalid_response("range", "give one of: today, week, month")
WRONG_ZONE = invalid_response("tz", "give an IANA time zone such as Europe/Berlin")
BARRED: list[ErrorCase] = [
    ("banned", "This account is banned: Violation of terms"),
    ("suspended", "This account is suspended until 2026-02-09T10:00:00Z."),
]
FORBIDDEN: list[ErrorCase] = [
    *BARRED,
    (
        "origin_not_allowed",
        "A request with the cookie must come from this site or an allowed one.",
    ),
]


def published(status: int) -> ErrorCase:
    message, code = PUBLISHED[status]
    return code, message


# The errors that any endpoint can have: name of the component, description, cases.
COMMON_ERRORS: dict[int, tuple[str, str, Sequence[ErrorCase]]] = {
    400: ("BadRequest", BAD_REQUEST, [("parse_error", "The body is not UTF-8 text.")]),
    401: (
        "Unauthorized",
        "There is no token, or it is bad, expired or revoked.",
        [published(401)],
    ),
    403: (
        "Forbidden",
        "The account is banned or suspended, or another site sent the cookie.",
        FORBIDDEN,
    ),
    404: (
        "NotFound",
        "There is no such row, or it is someone else's.",
        [published(404)],
    ),
    406: (
        "NotAcceptable",
        "`Accept` takes no JSON.",
        [("not_acceptable", "Could not satisfy the request Accept header.")],
    ),
    409: (
        "KeyConflict",
        "The `Idempotency-Key` was used for another request, or is in use.",
        [KeyReused, InFlight, KeyUsed],
    ),
    412: (
        "PreconditionFailed",
        "It is no longer what `If-Match` names.",
        [PreconditionFailed],
    ),
    413: ("PayloadTooLarge", "The body is over 1 MiB.", [PayloadTooLarge]),
    415: (
        "UnsupportedMediaType",
        "The body is not `application/json`.",
        [("unsupported_media_type", "Send the body as application/json.")],
    ),
    429: (
        "TooManyRequests",
        "A limit is reached; `Retry-After` says how long to wait.",
        [("too_many_requests", "Too many requests. Try again later.")],
    ),
    500: ("ServerError", "A fault of ours; it is in the log.", [published(500)]),
    503: ("Unavailable", "The database does not answer.", [DatabaseUnavailable]),
}
RETRY_AFTER = text_header("Retry-After", "Seconds to wait, such as 60.")
HEADERS = {
    401: text_header("WWW-Authenticate", "`Bearer`"),
    429: RETRY_AFTER,
    503: text_header(
        "Retry-After", f"Seconds to wait, such as {DATABASE_RETRY_AFTER}."
    ),
}


def response_object(response: OpenApiResponse) -> Schema:
    examples = build_examples_list(response.examples)
    content = {"schema": response.response, "examples": examples}
    return {
        "description": response.description,
        "content": {"application/json": content},
    }


def common_error(status: int) -> tuple[str, Schema]:
    """Return the name of a common error's component, and its response object."""
    name, description, cases = COMMON_ERRORS[status]
    response = response_object(error_response(description, *cases))
    if status in HEADERS:
        response["headers"] = HEADERS[status]
    return name, response


def add_common_cases(status: int, response: Schema) -> None:
    """Give an error of the endpoint's own the examples of the common one."""
    _, _, cases = COMMON_ERRORS[status]
    content = response["content"]["application/json"]
    common = error_response("", *cases)
    content["examples"] = {
        **build_examples_list(common.examples),
        **content.get("examples", {}),
    }


def admins_only() -> Schema:
    """Return the response object of the 403 of what only admins may do."""
    description = "The caller is no admin, is barred, or another site sent the cookie."
    return response_object(error_response(description, published(403), *FORBIDDEN))
