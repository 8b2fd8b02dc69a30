"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from analytics.serializers import DaySerializer, ProductivitySerializer
from analytics.views import AnalyticsViewSet
from focusmaster.schema.words import (
    PERIOD,
    Call,
    answer,
    describe,
    document,
    invalid,
)

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
            400: invalid("from", "give at most 3660 days"),
        },
    ),
)
