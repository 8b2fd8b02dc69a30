from __future__ import annotations

from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request

from analytics.productivity import productivity_by_day
from focusmaster.documents import JSONAnswer
from focusmaster.periods import RANGES, closed, period_of


class AnalyticsViewSet(viewsets.ViewSet):
    """Summaries of the caller's own sessions, in the caller's time zone."""

    @action(detail=False, methods=["get"])
    def productivity(self, request: Request) -> JSONAnswer:
        period = period_of(request.query_params, request.user.timezone, default="week")
        period = closed(period, RANGES["week"])
        return JSONAnswer(productivity_by_day(request.user, period))
