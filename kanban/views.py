from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse
from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import InvalidValue, RowNotFound
from kanban.filters import (
    NAMED_FILTERS,
    NEWEST,
    PARAMETERS,
    SORT_EXPRESSIONS,
    lookups_in,
    order_in,
)
from kanban.models import Task
from kanban.serializers import MoveSerializer, TaskSerializer


class TaskViewSet(OwnedRowsViewSet):
    """The caller's tasks."""

    serializer_class = TaskSerializer
    parameters = PARAMETERS
    conditional_actions = frozenset(["move"])
    rows = JSONRows(
        Task,
        TaskSerializer,
        order=NEWEST,
        sort_expressions=SORT_EXPRESSIONS,
        named_filters=NAMED_FILTERS,
    )

    def lookups(self) -> dict[str, Any]:
        return lookups_in(self.request.query, self.request.user)

    def order(self) -> tuple[str, ...]:
        return order_in(self.request.query)

    def create(self, request: ApiRequest) -> JSONResponse:
        task = Task.objects.add(user=request.user, **self.validated())
        return self.row_response(task.pk, status.HTTP_201_CREATED)

    def update(self, request: ApiRequest, pk: str) -> JSONResponse:
        """Change the fields given; PUT and PATCH mean the same."""
        if request.data == {}:
            raise InvalidValue("", "give at least one field to change")
        fields = self.validated(partial=True)
        Task.objects.change(pk, user_id=request.user.pk, **fields)
        return self.row_response(pk)

    partial_update = update

    @action(detail=True, methods=["post"], serializer_class=MoveSerializer)
    def move(self, request: ApiRequest, pk: str) -> JSONResponse:
        """Put the task where it was dropped."""
        if not self.owned().filter(pk=pk).move(**self.validated()):
            raise RowNotFound
        return self.row_response(pk)

    def destroy(self, request: ApiRequest, pk: str) -> Response:
        """Delete the task; its sessions stay, without a task."""
        if not self.owned().filter(pk=pk).discard():
            raise RowNotFound
        return Response({"message": "Task deleted successfully", "id": pk})
