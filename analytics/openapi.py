"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from analytics.breakdowns import PRIORITIES
from analytics.daily import WEEKDAYS
from analytics.serializers import (
    DaySerializer,
    GoalDaySerializer,
    GoalSerializer,
    HeatmapDaySerializer,
    HourSerializer,
    MoodShareSerializer,
    PriorityShareSerializer,
    ProductivitySerializer,
    StreaksSerializer,
    TaskShareSerializer,
    TodaySerializer,
    WeekdaySerializer,
)
from analytics.views import AnalyticsViewSet
from focusmaster.openapi.texts import (
    PERIOD,
    Call,
    answer,
    describe,
    document,
    invalid,
)
from pomodoro.openapi import EXAMPLE as SESSION

describe(DaySerializer, "A local day.", fields={"focusTime": "Seconds."})
describe(
    ProductivitySerializer,
    "The focus sessions of a period, in total and by day.",
    example={
        "totalFocusTime": 18000,
        "totalSessions": 12,
        "averageSessionDuration": 1500,
        "dailyBreakdown": [{"date": "2026-02-02", "focusTime": 3600, "sessions": 3}],
    },
    fields={
        "totalFocusTime": "Seconds.",
        "averageSessionDuration": "Seconds; 0 when there are none.",
        "dailyBreakdown": "Every day of the period, oldest first.",
    },
)
describe(
    TodaySerializer,
    "The focus sessions of the local day.",
    example={"totalDuration": 1500, "sessionCount": 1, "sessions": [SESSION]},
    fields={"totalDuration": "Seconds.", "sessions": "Newest first."},
)
describe(
    WeekdaySerializer,
    "A local day of the week.",
    example={"name": "Mon", "date": "2026-02-02", "duration": 60},
    fields={
        "name": {"enum": WEEKDAYS},
        "duration": "Minutes, rounded; half a minute is one.",
    },
)
describe(
    PriorityShareSerializer,
    "How many of your tasks have a priority.",
    example={"name": "High", "value": 3},
    fields={"name": {"enum": list(PRIORITIES)}},
)
describe(
    HeatmapDaySerializer,
    "A local day on which there was a focus session.",
    example={"date": "2026-02-02", "count": 3},
    fields={"count": "Focus sessions, completed or not."},
)
describe(
    StreaksSerializer,
    "Local days in a row with at least one completed focus session.",
    example={"current": 3, "longest": 12, "lastActiveDay": "2026-02-02"},
    fields={
        "current": "Those that end today or, as today is not over, yesterday.",
        "lastActiveDay": "The last such day; null for none.",
    },
)
describe(
    HourSerializer,
    "The focus sessions that start within an hour of the local day.",
    example={"hour": 9, "focusTime": 3600, "sessions": 3},
    fields={"hour": "From 0 to 23.", "focusTime": "Seconds."},
)
describe(
    TaskShareSerializer,
    "The focus sessions on a task.",
    example={
        "task": SESSION["task"],
        "focusTime": 3600,
        "sessions": 3,
        "estimated": 4,
        "completed": 2,
    },
    fields={
        "task": "Null for the sessions without one, or whose task was deleted.",
        "focusTime": "Seconds.",
        "estimated": "The task's `estimatedPomodoros`; null without a task.",
        "completed": "The task's `completedPomodoros`, those of all time; null without "
        "a task.",
    },
)
describe(
    MoodShareSerializer,
    "The focus sessions in a mood.",
    example={"mood": "focused", "focusTime": 3600, "sessions": 3},
    fields={
        "mood": "Null for the sessions of which none is known.",
        "focusTime": "Seconds.",
    },
)
describe(
    GoalDaySerializer,
    "A local day.",
    fields={"sessions": "Completed focus sessions."},
)
describe(
    GoalSerializer,
    "How the daily goal is met.",
    example={
        "dailyGoal": 8,
        "completedToday": 3,
        "days": [{"date": "2026-02-02", "sessions": 9, "met": True}],
    },
    fields={
        "dailyGoal": "The setting, as it is now; past days are held against it too.",
        "completedToday": "Whether or not the period has today in it.",
        "days": "Every day of the period, oldest first.",
    },
)

*_, TZ = PERIOD
WRONG_ZONE = invalid("tz", "give an IANA time zone such as Europe/Berlin")
WRONG_RANGE = invalid("range", "give one of: today, week, month")
TOO_LONG = invalid("from", "give at most 3660 days")

document(
    AnalyticsViewSet,
    "Analytics",
    productivity=Call(
        "getProductivity",
        "Focus by day",
        "Without a period, the week.",
        parameters=PERIOD,
        responses={
            200: answer("The summary.", ProductivitySerializer),
            400: TOO_LONG,
        },
    ),
    today=Call(
        "getFocusToday",
        "Today's focus",
        "The focus sessions that start since local midnight.",
        parameters=[TZ],
        responses={
            200: answer("They and their sum.", TodaySerializer),
            400: WRONG_ZONE,
        },
    ),
    week=Call(
        "getFocusThisWeek",
        "This week's focus, in minutes",
        "Seven days from the first of the present week, which `weekStart` in the "
        "settings decides; those that are still to come are there with 0.",
        parameters=[TZ],
        responses={
            200: answer("The days.", WeekdaySerializer(many=True)),
            400: WRONG_ZONE,
        },
    ),
    distribution=Call(
        "getTaskDistribution",
        "Tasks by priority",
        "All your tasks, done or not, the highest priority first.",
        responses={200: answer("The numbers.", PriorityShareSerializer(many=True))},
    ),
    heatmap=Call(
        "getHeatmap",
        "Focus sessions by day, for a year",
        "Only the days that have one, oldest first. Without a period, the 365 local "
        "days that end today.",
        parameters=PERIOD,
        responses={
            200: answer("The days.", HeatmapDaySerializer(many=True)),
            400: TOO_LONG,
        },
    ),
    streaks=Call(
        "getStreaks",
        "Days in a row",
        "Over your whole history, up to today.",
        parameters=[TZ],
        responses={200: answer("The streaks.", StreaksSerializer), 400: WRONG_ZONE},
    ),
    hours=Call(
        "getFocusByHour",
        "Focus by hour of the day",
        "All 24 hours. Without a period, of all your sessions.",
        parameters=PERIOD,
        responses={
            200: answer("The hours.", HourSerializer(many=True)),
            400: WRONG_RANGE,
        },
    ),
    tasks=Call(
        "getFocusByTask",
        "Focus by task",
        "The tasks with sessions in the period, most time first. Without a period, of "
        "all your sessions.",
        parameters=PERIOD,
        responses={
            200: answer("The tasks.", TaskShareSerializer(many=True)),
            400: WRONG_RANGE,
        },
    ),
    moods=Call(
        "getFocusByMood",
        "Focus by mood",
        "The moods of sessions in the period, most time first. Without a period, of "
        "all your sessions.",
        parameters=PERIOD,
        responses={
            200: answer("The moods.", MoodShareSerializer(many=True)),
            400: WRONG_RANGE,
        },
    ),
    goal=Call(
        "getGoal",
        "The daily goal",
        "How many focus sessions were completed on each day. Without a period, in the "
        "week.",
        parameters=PERIOD,
        responses={200: answer("The days.", GoalSerializer), 400: TOO_LONG},
    ),
)
