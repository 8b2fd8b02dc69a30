from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from focusmaster.api.query_params import PAGE, PERIOD, Choice, Id, period_in
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, json_response
from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.exceptions import RowNotFound
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SESSION_ROWS, SessionSerializer
from pomodoro.totals import focus_totals


class SessionViewSet(OwnedRowsViewSet):
    """The caller's sessions."""

    serializer_class = SessionSerializer
    rows = SESSION_ROWS
    parameters = (
        *PERIOD,
        Choice("type", PomodoroSession.Type, many=True),
        Choice("mood", PomodoroSession.Mood, many=True),
        Id("task", "Only sessions on this task."),
        *PAGE,
    )

    def lookups(self) -> dict[str, Any]:
        period = period_in(self.request)
        given = self.request.query.lookups(type="type", mood="mood", task="task_id")
        return period.lookups("started_at") | given

    def create(self, request: ApiRequest) -> JSONResponse:
        session, is_new = PomodoroSession.objects.log(
            user_id=request.user.pk, **self.validated()
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return self.row_response(session.pk, code)

    def partial_update(self, request: ApiRequest, pk: str) -> JSONResponse:
        self.owned().change(pk, **self.validated(partial=True))
        return self.row_response(pk)

    def destroy(self, request: ApiRequest, pk: str) -> Response:
        if not self.owned().filter(pk=pk).discard():
            raise RowNotFound
        return Response({"message": "Session deleted successfully"})

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def stats(self, request: ApiRequest) -> JSONResponse:
        return json_response(focus_totals(request.user, period_in(request)))
