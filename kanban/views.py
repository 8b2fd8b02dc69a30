from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.db.json_rows import JSONResponse, JSONRows
from focusmaster.db.statements import Param
from focusmaster.exceptions import InvalidValue
from kanban.filters import NAMED_FILTERS, NEWEST, SORT_EXPRESSIONS, lookups_in, order_in
from kanban.models import Task, top_of_column
from kanban.serializers import MoveSerializer, TaskSerializer


class TaskViewSet(OwnedRowsViewSet):
    """The caller's tasks."""

    serializer_class = TaskSerializer
    documents = JSONRows(
        TaskSerializer,
        Task,
        order=NEWEST,
        computed={"position": top_of_column(Param("user_id"), Param("status"))},
        ranks=SORT_EXPRESSIONS,
        conditions=NAMED_FILTERS,
    )

    def get_queryset(self):
        return Task.objects.owned_by(self.request.user)

    def lookups(self) -> dict[str, Any]:
        return lookups_in(self.request.query_params, self.request.user)

    def order(self) -> tuple[str, ...]:
        return order_in(self.request.query_params)

    def create(self, request: Request) -> JSONResponse:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        task = Task.objects.draft(user=request.user, **serializer.validated_data)

        return JSONResponse(self.documents.insert(task), status.HTTP_201_CREATED)

    def update(self, request: Request, pk: str) -> JSONResponse:
        """Change the fields given; PUT and PATCH mean the same."""
        if request.data == {}:
            raise InvalidValue("", "give at least one field to change")
        serializer = self.get_serializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)

        return self.change(pk, serializer.validated_data)

    partial_update = update

    @action(detail=True, methods=["post"], serializer_class=MoveSerializer)
    def move(self, request: Request, pk: str) -> JSONResponse:
        """Put the task where it was dropped."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        if not self.get_queryset().filter(pk=pk).move(**serializer.validated_data):
            raise Http404

        return self.answer(pk)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete the task; its sessions stay, without a task."""
        if not self.get_queryset().filter(pk=pk).discard():
            raise Http404
        return Response({"message": "Task deleted successfully", "id": pk})
