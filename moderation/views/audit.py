from __future__ import annotations

from typing import Any

from django.http import FileResponse
from rest_framework.response import Response

from focusmaster.api.csv_export import CSVRenderer
from focusmaster.api.query_params import PERIOD, Choice, Id, paging, period_in
from focusmaster.api.renderers import JSONRenderer
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, page_response
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.db.json_rows import JSONRows
from focusmaster.db.statement_timeout import long_statements
from moderation.audit.table import NEWEST_FIRST, audit_log_csv
from moderation.models import AuditEntry, AuditRecord
from moderation.permissions import IsAdmin
from moderation.serializers import AuditRecordSerializer

DEFAULT_LIMIT = 100
FILTERS = (
    Choice("action", AuditEntry.Action, many=True, blank=True),
    Id("actor", "The `actorId`."),
    Id("target", "The `targetId`."),
    *PERIOD,
)
ROWS = JSONRows(AuditRecord, AuditRecordSerializer, order=NEWEST_FIRST)


def lookups(request: ApiRequest) -> dict[str, Any]:
    """Return the lookups that the query means; days are in the caller's time zone."""
    query, period = request.query, period_in(request)
    given = query.lookups(action="action", actor="actor_id", target="target_id")
    return period.lookups("created_at") | given


class AuditLogViewSet(ApiViewSet):
    """The audit log, a page at a time."""

    permission_classes = (IsAdmin,)
    parameters = (*FILTERS, *paging(DEFAULT_LIMIT))

    def list(self, request: ApiRequest) -> JSONResponse:
        return page_response(request, ROWS, NEWEST_FIRST, lookups(request))


class AuditViewSet(AuditLogViewSet):
    """The same under another name."""


class AuditLogTableViewSet(ApiViewSet):
    """The audit log for a spreadsheet."""

    permission_classes = (IsAdmin,)
    renderer_classes = (CSVRenderer,)
    parameters = FILTERS

    @long_statements()
    def list(self, request: ApiRequest) -> FileResponse:
        return audit_log_csv(AuditRecord.objects.filter(**lookups(request)))

    def handle_exception(self, exc: Exception) -> Response:
        """Return errors in JSON, as every endpoint does."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)


class AuditTableViewSet(AuditLogTableViewSet):
    """The same under another name."""
