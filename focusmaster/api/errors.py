"""The one shape of an error, and what each exception means in HTTP (API.md §1)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.http import Http404, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.metadata import BaseMetadata
from rest_framework.response import Response

from focusmaster.api.fields import flatten
from focusmaster.api.responses import json_response
from focusmaster.db.fields import MalformedId
from focusmaster.exceptions import (
    Forbidden,
    InvalidValue,
    LinkedServiceError,
    NoTemporarySpace,
    OwnerGone,
    RowNotFound,
    RuleViolation,
    ServerBusy,
)

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from focusmaster.api.request import ApiRequest

log = logging.getLogger("focusmaster.api")

# Seconds a client should wait when the database does not answer: the embedded server is
# back in less, one elsewhere usually after its failover.
DATABASE_RETRY_AFTER = 5
# The same when a linked service does not answer.
LINKED_SERVICE_RETRY_AFTER = 5
# The same when the server is busy, of which most is done in a second.
BUSY_RETRY_AFTER = 1
# The same when the disk for temporary files is full: somebody has to look.
STORAGE_RETRY_AFTER = 60

# The published messages, for when there is nothing more exact to say, with their codes.
PUBLISHED = {
    400: ("Invalid input data", "invalid"),
    401: ("Not authorized, token failed", "not_authenticated"),
    403: ("Access denied", "permission_denied"),
    404: ("Resource not found", "not_found"),
    500: ("Server error", "server_error"),
}

# Errors that DRF words in its own way when a view says nothing more exact.
UNSPECIFIC = frozenset(
    [
        exceptions.NotAuthenticated,
        exceptions.AuthenticationFailed,
        exceptions.PermissionDenied,
        exceptions.NotFound,
    ]
)


# What may be raised only because the caller's account, with all its rows, is gone.
OF_STORED_DATA = (
    Http404,
    IntegrityError,
    InvalidValue,
    ObjectDoesNotExist,
    RowNotFound,
    RuleViolation,
)


class Conflict(exceptions.APIException):
    status_code = 409


class BadGateway(exceptions.APIException):
    status_code = 502
    wait = LINKED_SERVICE_RETRY_AFTER


class DatabaseUnavailable(exceptions.APIException):
    status_code = 503
    default_detail = "The database does not answer. Try again in a moment."
    default_code = "database_unavailable"
    wait = DATABASE_RETRY_AFTER


class Busy(exceptions.APIException):
    status_code = 503
    wait = BUSY_RETRY_AFTER


class StorageFull(exceptions.APIException):
    status_code = 503
    default_detail = (
        "The server has no space left to put this response together. Try again later, "
        "or ask for less, as with limit."
    )
    default_code = "storage_full"
    wait = STORAGE_RETRY_AFTER


class Methods(BaseMetadata):
    """What OPTIONS answers; the bodies of each method are in `/api/schema`."""

    def determine_metadata(self, request: Request, view: APIView) -> dict[str, Any]:
        return {"methods": view.allowed_methods}


def error_body(
    request: ApiRequest,
    message: str,
    code: str,
    errors: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"message": message, "code": code}
    if errors is not None:
        body["errors"] = errors
    return body | {"requestId": request.id}


def error_response(
    request: ApiRequest, status: int, message: str = "", code: str = ""
) -> HttpResponse:
    """Return the response to an error outside of a view: before it, or its crash."""
    published = PUBLISHED.get(status, ("", ""))
    body = error_body(request, message or published[0], code or published[1])
    return json_response(body, status)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Map what a view raised to its answer; None leaves it to `server_error`."""
    error = _error(context["request"], exc)
    if error is None:
        return None
    body, status, headers = error
    return Response(body, status=status, headers=headers)


def exception_response(request: ApiRequest, exc: Exception) -> HttpResponse:
    """Return the response to what was raised outside of a view.

    That is a domain error, an APIException or a database error.
    """
    error = _error(request, exc)
    if error is None:
        raise exc
    body, status, headers = error
    response = json_response(body, status)
    for name, value in headers.items():
        response[name] = value
    return response


def _error(
    request: ApiRequest, exc: Exception
) -> tuple[dict[str, Any], int, dict[str, str]] | None:
    """Return body, status and headers of the response to an exception that has one."""
    auth_header = getattr(exc, "auth_header", None)
    is_gone = isinstance(exc, OwnerGone)
    if is_gone or (isinstance(exc, OF_STORED_DATA) and has_left(request.caller)):
        exc, auth_header = exceptions.NotAuthenticated(), "Bearer"
    headers = {"WWW-Authenticate": auth_header} if auth_header else {}
    more = exc.more if isinstance(exc, RuleViolation) else {}
    error = _as_api_exception(exc)
    if error is None:
        return None
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, exceptions.ValidationError):
        body = _validation_body(request, error)
    else:
        code = str(error.get_codes())
        body = {**more, **error_body(request, str(error.detail), code)}
    return body, error.status_code, headers


def has_left(caller: Model | None) -> bool:
    """Tell whether the caller's account was deleted while the request was served."""
    # Within a transaction nothing more can be asked once a statement has failed.
    if caller is None or transaction.get_connection().in_atomic_block:
        return False
    return not type(caller)._base_manager.filter(pk=caller.pk).exists()


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    """Return the HTTP meaning of an exception, or None where it has none."""
    if isinstance(exc, RuleViolation):
        return Conflict(exc.message, exc.code)
    if isinstance(exc, LinkedServiceError):
        return BadGateway(exc.message, exc.code)
    if isinstance(exc, ServerBusy):
        return Busy(exc.message, exc.code)
    if isinstance(exc, InvalidValue):
        return exceptions.ValidationError({exc.field: [exc.message]})
    if isinstance(exc, Forbidden):
        return exceptions.PermissionDenied(exc.message, exc.code)
    if isinstance(exc, RowNotFound | Http404 | MalformedId):
        return exceptions.NotFound(*PUBLISHED[404])
    if isinstance(exc, OperationalError | InterfaceError):
        log.error("The database does not answer: %s", exc)
        return DatabaseUnavailable()
    if isinstance(exc, NoTemporarySpace):
        log.error("A temporary file could not be written: %s", exc)
        return StorageFull()
    if not isinstance(exc, exceptions.APIException):
        return None
    if type(exc) in UNSPECIFIC and exc.detail == exc.default_detail:
        return type(exc)(*PUBLISHED[type(exc).status_code])
    return exc


def _validation_body(
    request: ApiRequest, exc: exceptions.ValidationError
) -> dict[str, Any]:
    errors = flatten(exc.detail)
    first = errors[0] if errors else {"field": "", "message": PUBLISHED[400][0]}
    message = ": ".join(part for part in (first["field"], first["message"]) if part)
    return error_body(request, message, "invalid", errors)


def bad_request(request: ApiRequest, exception: Exception) -> HttpResponse:
    if request.is_api:
        return error_response(request, 400)
    return defaults.bad_request(request, exception)


def permission_denied(request: ApiRequest, exception: Exception) -> HttpResponse:
    if request.is_api:
        return error_response(request, 403)
    return defaults.permission_denied(request, exception)


def page_not_found(request: ApiRequest, exception: Exception) -> HttpResponse:
    if request.is_api:
        return error_response(request, 404)
    return defaults.page_not_found(request, exception)


def server_error(request: ApiRequest) -> HttpResponse:
    """Log the crash that Django is handling, with the id its caller was given."""
    log.exception("A request crashed", extra={"fields": {"requestId": request.id}})
    if request.is_api:
        return error_response(request, 500)
    return defaults.server_error(request)
