"""How the OpenAPI document describes the endpoints of this app."""

from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.serializers import DateField, IntegerField

from analytics.breakdowns import PRIORITIES
from analytics.daily import WEEKDAYS
from analytics.views import AnalyticsViewSet
from focusmaster.api.fields import StrictChoiceField
from focusmaster.openapi.errors import WRONG_RANGE, WRONG_ZONE, invalid_response
from focusmaster.openapi.texts import extend_view, response_example
from pomodoro.models import PomodoroSession
from pomodoro.openapi import EXAMPLE as SESSION
from pomodoro.serializers import SessionSerializer, SessionTaskField

WHOLE_PERIOD = "Every day of the period, oldest first."


@extend_schema_serializer(description="A local day.")
class DaySerializer(serializers.Serializer):
    date = DateField()
    focusTime = IntegerField(help_text="Seconds.")
    sessions = IntegerField()


@extend_schema_serializer(
    description="The focus sessions of a period, in total and by day.",
    examples=response_example(
        totalFocusTime=18000,
        totalSessions=12,
        averageSessionDuration=1500,
        dailyBreakdown=[{"date": "2026-02-02", "focusTime": 3600, "sessions": 3}],
    ),
)
class ProductivitySerializer(serializers.Serializer):
    totalFocusTime = IntegerField(help_text="Seconds.")
    totalSessions = IntegerField()
    averageSessionDuration = IntegerField(help_text="Seconds; 0 when there are none.")
    dailyBreakdown = DaySerializer(many=True, help_text=WHOLE_PERIOD)


@extend_schema_serializer(
    description="The focus sessions of the local day.",
    examples=response_example(totalDuration=1500, sessionCount=1, sessions=[SESSION]),
)
class TodaySerializer(serializers.Serializer):
    totalDuration = IntegerField(help_text="Seconds.")
    sessionCount = IntegerField()
    sessions = SessionSerializer(many=True, help_text="Newest first.")


@extend_schema_serializer(
    description="A local day of the week.",
    examples=response_example(name="Mon", date="2026-02-02", duration=60),
)
class WeekdaySerializer(serializers.Serializer):
    name = StrictChoiceField(WEEKDAYS)
    date = DateField()
    duration = IntegerField(help_text="Minutes, rounded; half a minute is one.")


@extend_schema_serializer(
    description="How many of your tasks have a priority.",
    examples=response_example(name="High", value=3),
)
class PriorityShareSerializer(serializers.Serializer):
    name = StrictChoiceField([*PRIORITIES])
    value = IntegerField()


@extend_schema_serializer(
    description="A local day on which there was a focus session.",
    examples=response_example(date="2026-02-02", count=3),
)
class HeatmapDaySerializer(serializers.Serializer):
    date = DateField()
    count = IntegerField(help_text="Focus sessions, completed or not.")


@extend_schema_serializer(
    description="Local days in a row with at least one completed focus session.",
    examples=response_example(current=3, longest=12, lastActiveDay="2026-02-02"),
)
class StreaksSerializer(serializers.Serializer):
    current = IntegerField(
        help_text="Those that end today or, as today is not over, yesterday."
    )
    longest = IntegerField()
    lastActiveDay = DateField(
        allow_null=True, help_text="The last such day; null for none."
    )


@extend_schema_serializer(
    description="The focus sessions that start within an hour of the local day.",
    examples=response_example(hour=9, focusTime=3600, sessions=3),
)
class HourSerializer(serializers.Serializer):
    hour = IntegerField(help_text="From 0 to 23.")
    focusTime = IntegerField(help_text="Seconds.")
    sessions = IntegerField()


@extend_schema_serializer(
    description="The focus sessions on a task.",
    examples=response_example(
        task=SESSION["task"], focusTime=3600, sessions=3, estimated=4, completed=2
    ),
)
class TaskShareSerializer(serializers.Serializer):
    task = SessionTaskField(
        allow_null=True,
        help_text="Null for the sessions without one, or whose task was deleted.",
    )
    focusTime = IntegerField(help_text="Seconds.")
    sessions = IntegerField()
    estimated = IntegerField(
        allow_null=True,
        help_text="The task's `estimatedPomodoros`; null without a task.",
    )
    completed = IntegerField(
        allow_null=True,
        help_text="The task's `completedPomodoros`, those of all time; null without a "
        "task.",
    )


@extend_schema_serializer(
    description="The focus sessions in a mood.",
    examples=response_example(mood="focused", focusTime=3600, sessions=3),
)
class MoodShareSerializer(serializers.Serializer):
    mood = StrictChoiceField(
        PomodoroSession.Mood.choices,
        allow_null=True,
        help_text="Null for the sessions of which none is known.",
    )
    focusTime = IntegerField(help_text="Seconds.")
    sessions = IntegerField()


@extend_schema_serializer(description="A local day.")
class GoalDaySerializer(serializers.Serializer):
    date = DateField()
    sessions = IntegerField(help_text="Completed focus sessions.")
    met = serializers.BooleanField()


@extend_schema_serializer(
    description="How the daily goal is met.",
    examples=response_example(
        dailyGoal=8,
        completedToday=3,
        days=[{"date": "2026-02-02", "sessions": 9, "met": True}],
    ),
)
class GoalSerializer(serializers.Serializer):
    dailyGoal = IntegerField(
        help_text="The setting, as it is now; past days are held against it too."
    )
    completedToday = IntegerField(
        help_text="Whether or not the period has today in it."
    )
    days = GoalDaySerializer(many=True, help_text=WHOLE_PERIOD)


TOO_LONG = invalid_response("from", "give at most 3660 days")

extend_view(
    AnalyticsViewSet,
    productivity=extend_schema(
        operation_id="getProductivity",
        summary="Focus by day",
        description="Without a period, the week.",
        responses={
            200: OpenApiResponse(ProductivitySerializer, "The summary."),
            400: TOO_LONG,
        },
    ),
    today=extend_schema(
        operation_id="getFocusToday",
        summary="Today's focus",
        description="The focus sessions that start since local midnight.",
        responses={
            200: OpenApiResponse(TodaySerializer, "They and their sum."),
            400: WRONG_ZONE,
        },
    ),
    week=extend_schema(
        operation_id="getFocusThisWeek",
        summary="This week's focus, in minutes",
        description="Seven days from the first of the present week, which `weekStart` "
        "in the settings decides; those that are still to come are there with 0.",
        responses={
            200: OpenApiResponse(WeekdaySerializer(many=True), "The days."),
            400: WRONG_ZONE,
        },
    ),
    distribution=extend_schema(
        operation_id="getTaskDistribution",
        summary="Tasks by priority",
        description="All your tasks, done or not, the highest priority first.",
        responses={
            200: OpenApiResponse(PriorityShareSerializer(many=True), "The numbers.")
        },
    ),
    heatmap=extend_schema(
        operation_id="getHeatmap",
        summary="Focus sessions by day, for a year",
        description="Only the days that have one, oldest first. Without a period, the "
        "365 local days that end today.",
        responses={
            200: OpenApiResponse(HeatmapDaySerializer(many=True), "The days."),
            400: TOO_LONG,
        },
    ),
    streaks=extend_schema(
        operation_id="getStreaks",
        summary="Days in a row",
        description="Over your whole history, up to today.",
        responses={
            200: OpenApiResponse(StreaksSerializer, "The streaks."),
            400: WRONG_ZONE,
        },
    ),
    hours=extend_schema(
        operation_id="getFocusByHour",
        summary="Focus by hour of the day",
        description="All 24 hours. Without a period, of all your sessions.",
        responses={
            200: OpenApiResponse(HourSerializer(many=True), "The hours."),
            400: WRONG_RANGE,
        },
    ),
    tasks=extend_schema(
        operation_id="getFocusByTask",
        summary="Focus by task",
        description="The tasks with sessions in the period, most time first. Without "
        "a period, of all your sessions.",
        responses={
            200: OpenApiResponse(TaskShareSerializer(many=True), "The tasks."),
            400: WRONG_RANGE,
        },
    ),
    moods=extend_schema(
        operation_id="getFocusByMood",
        summary="Focus by mood",
        description="The moods of sessions in the period, most time first. Without a "
        "period, of all your sessions.",
        responses={
            200: OpenApiResponse(MoodShareSerializer(many=True), "The moods."),
            400: WRONG_RANGE,
        },
    ),
    goal=extend_schema(
        operation_id="getGoal",
        summary="The daily goal",
        description="How many focus sessions were completed on each day. Without a "
        "period, in the week.",
        responses={200: OpenApiResponse(GoalSerializer, "The days."), 400: TOO_LONG},
    ),
)
