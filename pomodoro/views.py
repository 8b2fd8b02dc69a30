from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.locks import in_turn
from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.dates.periods import period_of
from focusmaster.db.json_rows import JSONResponse, json_response
from focusmaster.db.statements import Param
from focusmaster.exceptions import InvalidValue, constraint_errors
from pomodoro.documents import SessionDocuments
from pomodoro.models import CONSTRAINT_ERRORS, PomodoroSession
from pomodoro.serializers import SessionSerializer
from pomodoro.totals import focus_totals

WORDS = {"type": PomodoroSession.Type, "mood": PomodoroSession.Mood}


class SessionViewSet(OwnedRowsViewSet):
    """The caller's sessions."""

    serializer_class = SessionSerializer
    documents = SessionDocuments(
        SessionSerializer,
        PomodoroSession,
        order=["-started_at", "-id"],
        computed={"user_id": in_turn(Param("user_id"))},
    )
    constraint_errors = CONSTRAINT_ERRORS

    def get_queryset(self):
        return PomodoroSession.objects.owned_by(self.request.user)

    def lookups(self) -> dict[str, Any]:
        query = self.request.query_params
        period = period_of(query, self.request.user.timezone)
        lookups = period.lookups("started_at")
        for name, words in WORDS.items():
            if name in query:
                if query[name] not in words.values:
                    raise InvalidValue(name, f"give one of: {', '.join(words.values)}")
                lookups[name] = query[name]
        if "task" in query:
            lookups["task_id"] = query["task"]
        return lookups

    def create(self, request: Request) -> JSONResponse:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        with constraint_errors(self.constraint_errors):
            text, is_new = self.documents.log(
                user=request.user, **serializer.validated_data
            )

        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return JSONResponse(text, code)

    def partial_update(self, request: Request, pk: str) -> JSONResponse:
        serializer = self.get_serializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)

        return self.change(pk, serializer.validated_data)

    def destroy(self, request: Request, pk: str) -> Response:
        if not self.get_queryset().filter(pk=pk).discard():
            raise Http404
        return Response({"message": "Session deleted successfully"})

    @action(detail=False, methods=["get"])
    def stats(self, request: Request) -> JSONResponse:
        period = period_of(request.query_params, request.user.timezone)
        return json_response(focus_totals(user=request.user, period=period))
