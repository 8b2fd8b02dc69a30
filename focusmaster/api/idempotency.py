"""`Idempotency-Key`: a POST that is sent again is answered again, not done again.

The view's writes and its stored answer are one transaction, so a worker that dies
leaves both or neither. While it lasts, a lock that the database drops with it tells
other requests with the key that there is one under way.

A view with `is_atomic = False` sends mail, asks another service or counts attempts,
which no transaction can take back. It runs in none: the key is claimed before it, by a
row without an answer, and answered or given back after it. A claim whose worker died is
void after CLAIM_LIFE.

An answer with a secret is not stored, only that there was one. A caller without a token
is known by a secret in the body; without one nothing is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

import orjson
from django.contrib.auth import get_user_model
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from focusmaster.api.errors import exception_response
from focusmaster.api.parsers import PayloadTooLarge
from focusmaster.api.request import ApiRequest, view_option
from focusmaster.db.advisory_locks import try_advisory_lock
from focusmaster.db.transactions import (
    check_constraints_immediately,
    is_broken,
    is_repeatable,
    keep_from_deletion,
    renew_plans,
)
from focusmaster.encryption import InvalidToken, decrypt, encrypt
from focusmaster.exceptions import InvalidValue, OwnerGone, RuleViolation
from focusmaster.models import StoredAnswer

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x20-\x7e]{1,255}")
KEPT_FOR = timedelta(hours=24)
# What the same request may be answered differently for: its caller, its other headers,
# how many came before. Nothing was done, so it can be tried again.
NOT_STORED = frozenset([401, 403, 406, 415, 429])
# In place of an answer: that the request is under way, or that it had a secret.
CLAIM = b""
SECRET = orjson.dumps({"isSecret": True})
CLAIM_LIFE = timedelta(minutes=5)
# What a body without a token may hold that only its sender knows, and whose it is.
SECRETS = ("password", "guestId", "credential", "token")
IDENTITY = ("email", *SECRETS)
# Says that the key of a caller whom nothing tells from others does not count.
STORED_HEADER = "Idempotency-Stored"


class InFlight(RuleViolation):
    code = "idempotency_in_flight"
    message = "A request with this Idempotency-Key is under way. Try again in a moment."


class KeyReused(RuleViolation):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request. Take a new one."


class KeyUsed(RuleViolation):
    code = "idempotency_key_used"
    message = (
        "The request with this Idempotency-Key was answered with a secret, which is "
        "not shown again. Take a new key."
    )


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
        is_atomic = view_option(view, "is_atomic", True)
        respond = partial(
            respond_once,
            request,
            key,
            lambda: rendered(view(request, *args, **kwargs)),
            is_atomic=is_atomic,
        )
        try:
            return repeated(respond) if is_atomic else respond()
        except RequestDataTooBig:
            return exception_response(request, PayloadTooLarge())
        except (
            InvalidValue,
            OwnerGone,
            RuleViolation,
            OperationalError,
            InterfaceError,
        ) as exc:
            return exception_response(request, exc)


def repeated(respond: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response; after a migration that was met on the way, a second one."""
    try:
        return respond()
    except DatabaseError as exc:
        if not is_repeatable(exc):
            raise
    renew_plans()
    return respond()


def respond_once(
    request: ApiRequest,
    key: str,
    respond: Callable[[], HttpResponse],
    *,
    is_atomic: bool,
) -> HttpResponse:
    """Return the stored response to this request, or else `respond()`, stored."""
    if not KEY.fullmatch(key):
        raise InvalidValue(HEADER, "give 1 to 255 printable ASCII characters")
    caller = name_of_caller(request)
    if caller is None:
        response = respond()
        response[STORED_HEADER] = "false"
        return response
    answer = StoredAnswer(
        id=digest(orjson.dumps([*caller, key])),
        user_id=request.caller.pk if request.caller else None,
        fingerprint=fingerprint_of(request),
        answer=CLAIM,
    )
    if not is_atomic:
        return respond_by_claim(request, answer, respond)
    with transaction.atomic():
        if earlier := earlier_response(request, answer):
            return earlier
        response = run(respond)
        if is_stored(response):
            answer.answer = encrypt(packed(request, response))
            store(answer)
    return response


def respond_by_claim(
    request: ApiRequest, answer: StoredAnswer, respond: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the stored response, or `respond()`, which runs in no transaction."""
    with transaction.atomic():
        if earlier := earlier_response(request, answer):
            return earlier
        store(answer)
    # Gone, if the account has been deleted since.
    claim = StoredAnswer.objects.filter(pk=answer.pk)
    try:
        response = respond()
    except BaseException:
        claim.delete()
        raise
    if is_stored(response):
        claim.update(answer=encrypt(packed(request, response)))
    else:
        claim.delete()
    return response


def earlier_response(request: ApiRequest, answer: StoredAnswer) -> HttpResponse | None:
    """Return what the request was answered before, with the key locked; else None.

    Raises InFlight, KeyReused, KeyUsed.
    """
    lock(answer.pk, answer.user_id)
    now = timezone.now()
    earlier = StoredAnswer.objects.kept_since(now - KEPT_FOR).filter(pk=answer.pk)
    stored = earlier.first()
    if stored is None:
        return None
    is_claim = bytes(stored.answer) == CLAIM
    if is_claim and stored.created_at < now - CLAIM_LIFE:
        return None
    if bytes(stored.fingerprint) != answer.fingerprint:
        raise KeyReused
    if is_claim:
        raise InFlight
    return replay(request, stored)


def is_stored(response: HttpResponse) -> bool:
    return response.status_code < 500 and response.status_code not in NOT_STORED


def name_of_caller(request: ApiRequest) -> list[str] | None:
    """Return what stands for the caller; None if nothing tells them from others."""
    if request.caller:
        return [request.caller.pk]
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
    given = body if isinstance(body, dict) else {}
    texts = {name: given.get(name) for name in IDENTITY}
    known = [text if isinstance(text, str) else "" for text in texts.values()]
    is_secret = any(isinstance(texts[name], str) and texts[name] for name in SECRETS)
    return ["", *known] if is_secret else None


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
        raise OwnerGone


def run(respond: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the rendered response; a fault of ours leaves nothing written.

    Neither does an error for which the database had to break the transaction off.
    """
    with transaction.atomic():
        response = respond()
        if response.status_code >= 500 or is_broken():
            transaction.set_rollback(True)
    return response


def rendered(response: HttpResponse) -> HttpResponse:
    if isinstance(response, SimpleTemplateResponse):
        response.render()
    return response


def packed(request: ApiRequest, response: HttpResponse) -> bytes:
    """Return a whole answer as bytes; of one with a secret only that there was one.

    Cookies are not in it: a renewed one is for the first response alone.
    """
    # A cookie without a value is one that is cleared.
    has_cookie = any(cookie.value for cookie in response.cookies.values())
    is_secret = has_cookie or response.get("Cache-Control") == "no-store"
    if is_secret and response.status_code < 400:
        return SECRET
    head = {
        "status": response.status_code,
        "headers": list(response.items()),
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
    # Until 0.1 an answer with a token was stored with its cookie.
    if head.get("isSecret") or head.get("cookies"):
        raise KeyUsed
    if head["status"] >= 400:
        body = with_own_id(request, head["requestId"], body)
    response = HttpResponse(body, status=head["status"], headers=dict(head["headers"]))
    response["Idempotency-Replayed"] = "true"
    return response


def with_own_id(request: ApiRequest, first_id: str, body: bytes) -> bytes:
    """Have an error's `requestId` and this answer's header agree.

    An id that the client gave is kept; without one, this request goes by the first's.
    """
    if request.META.get("HTTP_X_REQUEST_ID") != request.id:
        request.id = first_id
    return body.replace(first_id.encode(), request.id.encode())
