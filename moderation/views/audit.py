from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from focusmaster.api.csv_export import CSVRenderer, csv_response
from focusmaster.api.renderers import JSONRenderer
from focusmaster.api.responses import JSONResponse, page_response
from focusmaster.dates.periods import period_of
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.json_rows import JSONRows
from moderation.models import AuditEntry, AuditRecord
from moderation.permissions import IsAdmin
from moderation.serializers import AuditRecordSerializer
from moderation.views.people import word_in

DEFAULT_LIMIT = "100"
ORDER = ("-created_at", "-position")

# What a client asks by, and the column of it.
IDS = {"actor": "actor_id", "target": "target_id"}

COLUMNS = (
    "created_at",
    "action",
    "actor_id",
    "actor_name",
    "target_id",
    "details",
    "metadata",
    "ip_address",
    "user_agent",
    "id",
)
HEADER = (
    "createdAt",
    "action",
    "actorId",
    "actorName",
    "targetId",
    "details",
    "metadata",
    "ipAddress",
    "userAgent",
    "_id",
)
# Rows fetched at a time.
CHUNK = 500

ROWS = JSONRows(AuditRecord, AuditRecordSerializer, order=ORDER)


def lookups(request: Request) -> dict[str, Any]:
    """Return what the request's filters mean; days are those of who asks."""
    query = request.query_params
    period = period_of(query, request.user.timezone)
    found = period.lookups("created_at")
    if action := word_in(query, "action", AuditEntry.Action.values):
        found["action"] = action
    return found | {
        column: query[name] for name, column in IDS.items() if name in query
    }


class AuditLogViewSet(viewsets.GenericViewSet):
    """The audit log, a page at a time."""

    permission_classes = (IsAdmin,)

    def list(self, request: Request) -> JSONResponse:
        return page_response(request, ROWS, ORDER, lookups(request), DEFAULT_LIMIT)


class AuditViewSet(AuditLogViewSet):
    """The same under another name."""


class AuditLogTableViewSet(viewsets.GenericViewSet):
    """The audit log for a spreadsheet."""

    permission_classes = (IsAdmin,)
    renderer_classes = (CSVRenderer,)

    def list(self, request: Request) -> HttpResponse:
        records = AuditRecord.objects.filter(**lookups(request)).order_by(*ORDER)
        rows = records.values_list(*COLUMNS).iterator(CHUNK)
        return csv_response(HEADER, map(cells, rows), "focusmaster-audit-log.csv")

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse in JSON, like every call."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)


class AuditTableViewSet(AuditLogTableViewSet):
    """The same under another name."""


def cells(row: tuple[Any, ...]) -> list[Any]:
    created_at, *middle, metadata, address, browser, pk = row
    facts = orjson.dumps(metadata).decode() if metadata else ""
    return [format_instant(created_at), *middle, facts, address, browser, pk]
