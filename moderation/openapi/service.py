from __future__ import annotations

from focusmaster.openapi.texts import PERIOD, Call, answer, describe, document, invalid
from moderation.openapi.parts import FORBIDDEN, TAG
from moderation.serializers import (
    ErrorSerializer,
    HealthSerializer,
    KpisSerializer,
    StatsSerializer,
    TrafficSerializer,
)
from moderation.views import ServiceViewSet

*_, TZ = PERIOD

describe(
    KpisSerializer,
    "The numbers that matter first.",
    name="Kpis",
    fields={
        "totalUsers": "Exact up to some thousands, and an estimate beyond.",
        "totalSessions": "Exact up to some thousands, and an estimate beyond.",
        "activeToday": "People who used the service since local midnight.",
        "recentErrors": "Requests that crashed in the last 24 hours.",
    },
)
describe(
    TrafficSerializer,
    "A local day.",
    name="Traffic",
    fields={
        "sessions": "Of focus and rest; those that begin on that day.",
        "visitors": "People who had them.",
    },
)
describe(
    StatsSerializer,
    "How the service is used.",
    name="Stats",
    example={
        "kpis": {
            "totalUsers": 230,
            "totalSessions": 9120,
            "activeToday": 41,
            "recentErrors": 0,
        },
        "traffic": [{"date": "2026-02-02", "sessions": 312, "visitors": 41}],
    },
    fields={"traffic": "The last 30 days, oldest first."},
)
describe(
    ErrorSerializer,
    "A fault of ours, with the last request that met it.",
    name="RecentError",
    fields={"message": "Without anything that could be a secret."},
)
describe(
    HealthSerializer,
    "How the service is.",
    name="AdminHealth",
    example={
        "database": "connected",
        "uptime": 86400,
        "timestamp": "2026-02-02T10:30:00Z",
        "recentErrors": [
            {
                "_id": "65bd0f2cbcf86cd799439023",
                "message": "KeyError: 'name'",
                "path": "/api/tasks",
                "method": "POST",
                "statusCode": 500,
                "userId": "507f1f77bcf86cd799439011",
                "createdAt": "2026-02-02T10:29:00Z",
            }
        ],
    },
    fields={
        "uptime": "Seconds since the worker that answers was started.",
        "recentErrors": "Of the last 30 days, the latest first, each fault once.",
    },
)
document(
    ServiceViewSet,
    TAG,
    stats=Call(
        "getStats",
        "See how the service is used",
        "Today, and day by day for the last 30.",
        parameters=[TZ],
        responses={
            200: answer("The numbers.", StatsSerializer),
            400: invalid("tz", "give an IANA time zone such as Europe/Berlin"),
            403: FORBIDDEN,
        },
    ),
    health=Call(
        "getAdminHealth",
        "See how the service is",
        "The database, and the faults that requests have met.",
        responses={200: answer("How it is.", HealthSerializer), 403: FORBIDDEN},
    ),
)
