"""The service's URLs and beside them views that go wrong, for tests of errors."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest
from django.urls import path
from rest_framework import exceptions
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
)
from rest_framework.request import Request
from rest_framework.response import Response

from focusmaster.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class Crash(Exception):
    pass


def open_to_all(view):
    return api_view(["GET"])(authentication_classes([])(permission_classes([])(view)))


@open_to_all
def crash(request: Request) -> Response:
    raise Crash("the combination is 12-34-56")


@open_to_all
def unwritable(request: Request) -> Response:
    return Response({"answer": object()})


@open_to_all
def forbidden(request: Request) -> Response:
    raise exceptions.PermissionDenied


def plain_crash(request: HttpRequest):
    raise Crash("the combination is 12-34-56")


def plain_forbidden(request: HttpRequest):
    raise PermissionDenied


def plain_suspicious(request: HttpRequest):
    raise SuspiciousOperation


urlpatterns = [
    path("api/faults/crash", crash),
    path("api/faults/unwritable", unwritable),
    path("api/faults/forbidden", forbidden),
    path("api/faults/plain-crash", plain_crash),
    path("api/faults/plain-forbidden", plain_forbidden),
    path("api/faults/plain-suspicious", plain_suspicious),
    *urlpatterns,
]
