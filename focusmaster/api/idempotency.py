"""`Idempotency-Key`: a POST that is sent again is answered again, not done again.

The view's writes and its stored answer are one transaction, so a worker that dies
leaves both or neither. While it lasts, a lock that the database drops with it tells
other requests with the key that there is one under way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.contrib.auth import get_user_model
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from rest_framework.exceptions import AuthenticationFailed

from focusmaster.api.client_info import client_ip, network_of, user_agent
from focusmaster.api.errors import PUBLISHED, exception_response
from focusmaster.api.parsers import PayloadTooLarge
from focusmaster.api.request import ApiRequest
from focusmaster.db.advisory_locks import try_advisory_lock
from focusmaster.db.transactions import (
    check_constraints_immediately,
    is_broken,
    keep_from_deletion,
)
from focusmaster.encryption import InvalidToken, decrypt, encrypt
from focusmaster.exceptions import InvalidValue, RuleViolation
from focusmaster.models import StoredAnswer

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x20-\x7e]{1,255}")
KEPT_FOR = timedelta(hours=24)
# What the same request may be answered differently for: its caller, its other headers,
# how many came before. Nothing was done, so it can be tried again.
NOT_STORED = frozenset([401, 403, 406, 415, 429])


class InFlight(RuleViolation):
    code = "idempotency_in_flight"
    message = "A request with this Idempotency-Key is under way. Try again in a moment."


class KeyReused(RuleViolation):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request. Take a new one."


class IdempotencyMiddleware(MiddlewareMixin):
    def process_view(
        self,
        request: ApiRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Call the view here, where its answer can be stored with what it writes."""
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or request.method != "POST" or not request.is_api:
            return None
        try:
            return respond_once(request, key, lambda: view(request, *args, **kwargs))
        except RequestDataTooBig:
            return exception_response(request, PayloadTooLarge())
        except (
            AuthenticationFailed,
            InvalidValue,
            RuleViolation,
            OperationalError,
            InterfaceError,
        ) as exc:
            return exception_response(request, exc)


def respond_once(
    request: ApiRequest, key: str, respond: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the stored response to this request, or else `respond()`, stored."""
    if not KEY.fullmatch(key):
        raise InvalidValue(HEADER, "give 1 to 255 printable ASCII characters")
    user_id = request.caller.pk if request.caller else None
    stored_id, fingerprint = name_of(request, user_id, key), fingerprint_of(request)
    with transaction.atomic():
        lock(stored_id, user_id)
        stored = StoredAnswer.objects.kept_since(timezone.now() - KEPT_FOR)
        if earlier := stored.filter(pk=stored_id).first():
            if earlier.fingerprint != fingerprint:
                raise KeyReused
            return replay(request, earlier)
        response = run(respond)
        if response.status_code < 500 and response.status_code not in NOT_STORED:
            store(
                StoredAnswer(
                    id=stored_id,
                    user_id=user_id,
                    fingerprint=fingerprint,
                    answer=encrypt(packed(request, response)),
                )
            )
    return response


def name_of(request: ApiRequest, user_id: str | None, key: str) -> bytes:
    """Return what stands for the caller and the key.

    A caller without a token is told from others as well as can be done.
    """
    caller = [user_id] if user_id else [network_of(client_ip(request))]
    if not user_id:
        caller.append(user_agent(request))
    return digest(orjson.dumps([*caller, key]))


def fingerprint_of(request: ApiRequest) -> bytes:
    place = request.path_info.rstrip("/"), request.META.get("QUERY_STRING", "")
    return digest(orjson.dumps([request.method, *place]), request.body)


def digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=32).digest()


def lock(stored_id: bytes, user_id: str | None) -> None:
    """Take the key for this transaction, or raise InFlight; 3 queries.

    The user is locked first, as the stored row's foreign key will: the deletion of an
    account locks the user before the other rows.
    """
    # Else what a statement breaks would show at the end, past the view's errors.
    check_constraints_immediately()
    number = int.from_bytes(stored_id[:8], "big", signed=True)
    if not try_advisory_lock(number):
        raise InFlight
    if user_id and not keep_from_deletion(get_user_model(), user_id):
        raise AuthenticationFailed(*PUBLISHED[401])


def run(respond: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the rendered response; a fault of ours leaves nothing written.

    Neither does an error for which the database had to break the transaction off.
    """
    with transaction.atomic():
        response = respond()
        if hasattr(response, "render"):
            response.render()
        if response.status_code >= 500 or is_broken():
            transaction.set_rollback(True)
    return response


def packed(request: ApiRequest, response: HttpResponse) -> bytes:
    """Return a whole answer as bytes, with the cookies that are still to be set."""
    for act in request.on_response:
        act(response)
    request.on_response.clear()
    head = {
        "status": response.status_code,
        "headers": list(response.items()),
        "cookies": [cookie.OutputString() for cookie in response.cookies.values()],
        "requestId": request.id,
    }
    return orjson.dumps(head) + b"\n" + response.content


def store(answer: StoredAnswer) -> None:
    """Keep an answer, in place of one that has expired, and clear a few of those."""
    StoredAnswer.objects.bulk_create(
        [answer],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["user", "fingerprint", "answer", "created_at"],
    )
    StoredAnswer.objects.delete_expired(before=answer.created_at - KEPT_FOR)


def replay(request: ApiRequest, stored: StoredAnswer) -> HttpResponse:
    try:
        head_text, _, body = decrypt(bytes(stored.answer)).partition(b"\n")
    except InvalidToken:
        # SECRET_KEY has changed. To run the request again could do it twice.
        raise KeyReused from None
    head: dict[str, Any] = orjson.loads(head_text)
    if head["status"] >= 400:
        body = with_own_id(request, head["requestId"], body)
    response = HttpResponse(body, status=head["status"], headers=dict(head["headers"]))
    for cookie in head["cookies"]:
        response.cookies.load(cookie)
    response["Idempotency-Replayed"] = "true"
    return response


def with_own_id(request: ApiRequest, first_id: str, body: bytes) -> bytes:
    """Have an error's `requestId` and this answer's header agree.

    An id that the client gave is kept; without one, this request goes by the first's.
    """
    if request.META.get("HTTP_X_REQUEST_ID") != request.id:
        request.id = first_id
    return body.replace(first_id.encode(), request.id.encode())
