from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.locks import in_turn
from focusmaster.api.csv_export import CSVRenderer, csv_response
from focusmaster.api.dispatch import ShortDispatch
from focusmaster.api.renderers import JSONRenderer
from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.dates.periods import period_of
from focusmaster.db.json_rows import JSONResponse, json_response
from focusmaster.db.statements import Param
from timeclock.documents import WorkLogDocuments, clock_of
from timeclock.models import CONSTRAINT_ERRORS, WorkLog
from timeclock.serializers import StartSerializer, StopSerializer, WorkLogSerializer
from timeclock.tables import HEADER, table_rows

documents = WorkLogDocuments(
    WorkLogSerializer,
    WorkLog,
    order=["-started_at", "-id"],
    computed={"user_id": in_turn(Param("user_id"))},
)


class ClockViewSet(ShortDispatch, viewsets.ViewSet):
    """The caller's clock: their open work log, if there is one."""

    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> JSONResponse:
        serializer = StartSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        text = documents.add(user=request.user, **serializer.validated_data)

        return JSONResponse(text, status.HTTP_201_CREATED)

    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> JSONResponse:
        serializer = StopSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        return JSONResponse(
            documents.stop(user=request.user, **serializer.validated_data)
        )

    @action(detail=False, methods=["get"])
    def status(self, request: Request) -> JSONResponse:
        return json_response(clock_of(request.user))

    @action(detail=False, methods=["post"], url_path="break/start")
    def start_break(self, request: Request) -> JSONResponse:
        WorkLog.objects.start_break(user=request.user)
        return json_response(clock_of(request.user))

    @action(detail=False, methods=["post"], url_path="break/stop")
    def stop_break(self, request: Request) -> JSONResponse:
        WorkLog.objects.stop_break(user=request.user)
        return json_response(clock_of(request.user))


class WorkLogViewSet(OwnedRowsViewSet):
    """The caller's work logs."""

    serializer_class = WorkLogSerializer
    documents = documents
    constraint_errors = CONSTRAINT_ERRORS

    def get_queryset(self):
        return WorkLog.objects.owned_by(self.request.user)

    def lookups(self) -> dict[str, Any]:
        period = period_of(self.request.query_params, self.request.user.timezone)
        return period.lookups("started_at")

    def create(self, request: Request) -> JSONResponse:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        text = documents.add(user=request.user, **serializer.validated_data)

        return JSONResponse(text, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> JSONResponse:
        serializer = self.get_serializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)

        return self.change(pk, serializer.validated_data)

    def destroy(self, request: Request, pk: str) -> Response:
        deleted, _ = self.get_queryset().filter(pk=pk).delete()
        if not deleted:
            raise Http404
        return Response({"message": "Work log deleted successfully"})


class WorkLogTableViewSet(viewsets.GenericViewSet):
    """The same list for a spreadsheet."""

    renderer_classes = (CSVRenderer,)

    def list(self, request: Request) -> HttpResponse:
        period = period_of(request.query_params, request.user.timezone)
        logs = WorkLog.objects.owned_by(request.user)
        rows = table_rows(logs.filter(**period.lookups("started_at")), period.zone)
        return csv_response(HEADER, rows, "focusmaster-work-logs.csv")

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse in JSON, like every call."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)
