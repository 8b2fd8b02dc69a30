"""The service's URLs beside pages that fail, and one that lacks its guard."""

from __future__ import annotations

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from focusmaster.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def page(request: HttpRequest) -> HttpResponse:
    raise LookupError("a page went wrong")


def broken_transaction(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    return HttpResponse()


def unguarded(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("faults/page", page),
    path("admin/unguarded/<int:number>/", unguarded),
    path("api/faults/broken-transaction", broken_transaction),
    *urlpatterns,
]
