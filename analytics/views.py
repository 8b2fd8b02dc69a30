from __future__ import annotations

from django.utils import timezone
from rest_framework.decorators import action

from accounts.models import User
from analytics import breakdowns, daily
from analytics.productivity import productivity_by_day
from focusmaster.api.query_params import PERIOD, TZ, period_in
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, json_response
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.dates.periods import (
    RANGES,
    BoundedPeriod,
    closed,
    current_week,
    last_days,
    zone_of,
)
from pomodoro.totals import focus_by_task

HEATMAP_DAYS = 365
FIRST_WEEKDAY: dict[str, int] = {
    User.WeekStart.MONDAY: 0,
    User.WeekStart.SATURDAY: 5,
    User.WeekStart.SUNDAY: 6,
}


def today_in(request: ApiRequest) -> BoundedPeriod:
    """Return the caller's present day, in the zone that the request names."""
    zone = zone_of(request.query, request.user.timezone)
    return last_days(1, zone, day_start=request.user.day_start)


class AnalyticsViewSet(ApiViewSet):
    """Summaries of the caller's own sessions, in the caller's time zone."""

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def productivity(self, request: ApiRequest) -> JSONResponse:
        period = period_in(request, default="week")
        period = closed(period, RANGES["week"])
        return JSONResponse(productivity_by_day(request.user, period))

    @action(detail=False, methods=["get"], parameters=(TZ,))
    def today(self, request: ApiRequest) -> JSONResponse:
        return JSONResponse(daily.focus_log(request.user.pk, today_in(request)))

    @action(detail=False, methods=["get"], parameters=(TZ,))
    def week(self, request: ApiRequest) -> JSONResponse:
        zone = zone_of(request.query, request.user.timezone)
        user = request.user
        first_weekday = FIRST_WEEKDAY[user.week_start]
        week = current_week(first_weekday, zone, day_start=user.day_start)
        return JSONResponse(daily.minutes_by_weekday(user, week))

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def heatmap(self, request: ApiRequest) -> JSONResponse:
        period = period_in(request)
        return JSONResponse(daily.heatmap(request.user, closed(period, HEATMAP_DAYS)))

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def goal(self, request: ApiRequest) -> JSONResponse:
        now, user = timezone.now(), request.user
        period = period_in(request, default="week", at=now)
        period = closed(period, RANGES["week"], at=now)
        today = last_days(1, period.zone, at=now, day_start=user.day_start)
        return JSONResponse(daily.goal_by_day(user, period, today, user.daily_goal))

    @action(detail=False, methods=["get"], parameters=(TZ,))
    def streaks(self, request: ApiRequest) -> JSONResponse:
        return JSONResponse(daily.streaks(request.user, today_in(request)))

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def hours(self, request: ApiRequest) -> JSONResponse:
        period = period_in(request)
        return JSONResponse(breakdowns.hours(request.user, period))

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def moods(self, request: ApiRequest) -> JSONResponse:
        period = period_in(request)
        return JSONResponse(breakdowns.moods(request.user, period))

    @action(detail=False, methods=["get"], parameters=PERIOD)
    def tasks(self, request: ApiRequest) -> JSONResponse:
        period = period_in(request)
        return json_response(focus_by_task(request.user.pk, period))

    @action(detail=False, methods=["get"])
    def distribution(self, request: ApiRequest) -> JSONResponse:
        return json_response(breakdowns.distribution(request.user))
