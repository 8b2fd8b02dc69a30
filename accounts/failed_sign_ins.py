"""Noting who was refused a sign-in, for staff to look into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import FailedSignIn
from focusmaster.api.client_info import client_info

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def note_failed_sign_in(request: HttpRequest, *, name: str, where: str) -> None:
    """Have it recorded that the request was refused; `name` is the email as typed.

    That happens once the answer is there: the request may be in a transaction, which
    its refusal rolls back. One of `FailedSignIn.Where` says where.
    """

    def record(response: HttpResponse) -> None:
        FailedSignIn.objects.note(
            name=name,
            where=where,
            **client_info(request),
        )

    request.on_response.append(record)
