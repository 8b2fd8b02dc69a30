"""The service's URLs beside pages that fail, and one that lacks its guard."""

from __future__ import annotations

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from accounts.models import User
from focusmaster.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def page(request: HttpRequest) -> HttpResponse:
    raise LookupError("a page went wrong")


def broken_transaction(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    return HttpResponse()


def broken_rule(request: HttpRequest, pk: str) -> HttpResponse:
    """Break a constraint by rows of the user, which PostgreSQL's message names."""
    user = User.objects.get(pk=pk)
    with transaction.atomic():
        for _ in range(2):
            user.email_changes.create(expires_at=timezone.now())
    return HttpResponse()


def unguarded(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("faults/page", page),
    path("api/faults/<pk>/broken-rule", broken_rule),
    path("admin/unguarded/<int:number>/", unguarded),
    path("api/faults/broken-transaction", broken_transaction),
    *urlpatterns,
]
