"""Recording a failed sign-in once its response is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import FailedSignIn
from focusmaster.api.client_info import client_info

if TYPE_CHECKING:
    from django.http import HttpResponse

    from focusmaster.api.request import ApiRequest


def note_failed_sign_in(request: ApiRequest, *, name: str, where: str) -> None:
    """Record a failed sign-in after the response; `name` is the email as typed.

    The request may be in a transaction, which the error rolls back. `where` is one of
    `FailedSignIn.Where`.
    """

    def record(response: HttpResponse) -> None:
        FailedSignIn.objects.note(
            name=name,
            where=where,
            **client_info(request),
        )

    request.on_response.append(record)
