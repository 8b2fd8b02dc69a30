from __future__ import annotations

from typing import Any

from django.http import FileResponse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from focusmaster.api.csv_export import CSVRenderer, csv_response
from focusmaster.api.query_params import PAGE, PERIOD, period_in
from focusmaster.api.renderers import JSONRenderer
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, json_response
from focusmaster.api.viewsets import ApiViewSet, OwnedRowsViewSet
from focusmaster.db.statement_timeout import long_statements
from focusmaster.exceptions import RowNotFound
from timeclock.clock import LOG_ROWS, clock_face
from timeclock.models import WorkLog
from timeclock.serializers import StartSerializer, StopSerializer, WorkLogSerializer
from timeclock.tables import HEADER, table_rows


class ClockViewSet(ApiViewSet):
    """The caller's clock: their open work log, if there is one."""

    @action(detail=False, methods=["post"], serializer_class=StartSerializer)
    def start(self, request: ApiRequest) -> JSONResponse:
        log = WorkLog.objects.start(user_id=request.user.pk, **self.validated())
        return log_response(log, status.HTTP_201_CREATED)

    @action(detail=False, methods=["post"], serializer_class=StopSerializer)
    def stop(self, request: ApiRequest) -> JSONResponse:
        log = WorkLog.objects.stop(user_id=request.user.pk, **self.validated())
        return log_response(log)

    @action(detail=False, methods=["get"])
    def status(self, request: ApiRequest) -> JSONResponse:
        return json_response(clock_face(request.user.pk))

    @action(detail=False, methods=["post"], url_path="break/start")
    def start_break(self, request: ApiRequest) -> JSONResponse:
        WorkLog.objects.start_break(user_id=request.user.pk)
        return json_response(clock_face(request.user.pk))

    @action(detail=False, methods=["post"], url_path="break/stop")
    def stop_break(self, request: ApiRequest) -> JSONResponse:
        WorkLog.objects.stop_break(user_id=request.user.pk)
        return json_response(clock_face(request.user.pk))


def log_response(log: WorkLog, code: int = status.HTTP_200_OK) -> JSONResponse:
    text = LOG_ROWS.get(user_id=log.user_id, pk=log.pk)
    if text is None:
        raise RowNotFound
    return JSONResponse(text, code)


class WorkLogViewSet(OwnedRowsViewSet):
    """The caller's work logs."""

    serializer_class = WorkLogSerializer
    rows = LOG_ROWS
    parameters = (*PERIOD, *PAGE)

    def lookups(self) -> dict[str, Any]:
        return period_in(self.request).lookups("started_at")

    def create(self, request: ApiRequest) -> JSONResponse:
        log = WorkLog.objects.start(user_id=request.user.pk, **self.validated())
        return log_response(log, status.HTTP_201_CREATED)

    def partial_update(self, request: ApiRequest, pk: str) -> JSONResponse:
        return log_response(self.owned().change(pk, **self.validated(partial=True)))

    def destroy(self, request: ApiRequest, pk: str) -> Response:
        deleted, _ = self.owned().filter(pk=pk).delete()
        if not deleted:
            raise RowNotFound
        return Response({"message": "Work log deleted successfully"})


class WorkLogTableViewSet(ApiViewSet):
    """The caller's work logs as CSV."""

    renderer_classes = (CSVRenderer,)
    parameters = PERIOD

    @long_statements()
    def list(self, request: ApiRequest) -> FileResponse:
        period = period_in(request)
        logs = WorkLog.objects.owned_by(request.user)
        rows = table_rows(logs.filter(**period.lookups("started_at")), period.zone)
        return csv_response(HEADER, rows, "focusmaster-work-logs.csv")

    def handle_exception(self, exc: Exception) -> Response:
        """Return errors in JSON, like every endpoint."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)
