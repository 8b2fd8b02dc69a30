"""How the OpenAPI document describes the calls of this app."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from focusmaster.openapi.texts import (
    PERIOD,
    Call,
    MessageSerializer,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
)
from timeclock.exceptions import (
    AlreadyClockedIn,
    AlreadyOnBreak,
    NotClockedIn,
    NotOnBreak,
    Overlap,
)
from timeclock.serializers import (
    ClockSerializer,
    StartSerializer,
    StopSerializer,
    WorkLogSerializer,
)
from timeclock.tables import HEADER
from timeclock.views import ClockViewSet, WorkLogTableViewSet, WorkLogViewSet

EXAMPLE = {
    "_id": "507f1f77bcf86cd799439014",
    "user": "507f1f77bcf86cd799439011",
    "startTime": "2026-02-02T09:00:00Z",
    "endTime": "2026-02-02T17:00:00Z",
    "duration": 28800,
    "breakTime": 1800,
    "notes": "Productive day",
    "createdAt": "2026-02-02T09:00:00Z",
    "updatedAt": "2026-02-02T17:00:00.245Z",
}
OPEN = EXAMPLE | {
    "endTime": None,
    "duration": None,
    "breakTime": 0,
    "notes": "",
    "updatedAt": "2026-02-02T12:00:00.127Z",
}

describe(
    WorkLogSerializer,
    "A stretch of work, from clocking in to clocking out.",
    example=EXAMPLE,
    fields={
        "endTime": "Null while the clock is running.",
        "duration": "Seconds from start to end, breaks included; null while the clock "
        "is running.",
        "breakTime": "Seconds. While the clock is running, of measured breaks that are "
        "over.",
    },
    given={
        "startTime": "At most 24 hours from now.",
        "endTime": "Not before `startTime`, and at most 24 hours from now. With null, "
        "the clock is running.",
        "breakTime": "Seconds; at most the duration.",
    },
)
describe(StartSerializer, "What there is to say at the start.", name="ClockStart")
describe(
    StopSerializer,
    "What there is to say at the end.",
    name="ClockStop",
    given={
        "breakTime": "Seconds; at most the duration. Without it, what was measured.",
        "notes": "Without it, the notes stay as they are.",
    },
)
describe(
    ClockSerializer,
    "What the clock shows.",
    name="Clock",
    example={
        "clockedIn": True,
        "log": OPEN,
        "elapsed": 10800,
        "onBreak": True,
        "breakStartedAt": "2026-02-02T12:00:00.119Z",
        "forgotten": False,
    },
    fields={
        "log": "The log that is open.",
        "elapsed": "Seconds since the clock was started, breaks included; 0 when it is "
        "not running.",
        "forgotten": "It has been running for so long that it was probably left on. "
        "It may be closed at your last sign of life.",
    },
)

NOT_RUNNING = conflict(NotClockedIn)
CLOCK = answer("What the clock shows now.", ClockSerializer)

document(
    ClockViewSet,
    "Clock",
    start=Call(
        "startClock",
        "Clock in",
        "Opens a work log that starts now. The body may be left out.",
        request=body(StartSerializer, {"notes": "At the client's"}),
        responses={
            201: answer("The open log.", WorkLogSerializer, OPEN),
            400: invalid("note", "there is no such field"),
            409: conflict(AlreadyClockedIn, Overlap),
        },
    ),
    stop=Call(
        "stopClock",
        "Clock out",
        "Closes the open work log, and a break that is running. The body may be left "
        "out.",
        request=body(StopSerializer, {"breakTime": 300, "notes": "Productive day"}),
        responses={
            200: answer("The log.", WorkLogSerializer),
            400: invalid("breakTime", "it must be at most the duration"),
            409: NOT_RUNNING,
        },
    ),
    status=Call(
        "getClock",
        "Read the clock",
        "Whether it is running, since when, and whether you are on a break.",
        responses={200: CLOCK},
    ),
    start_break=Call(
        "startBreak",
        "Start a break",
        "It is measured and added to `breakTime` when it ends.",
        responses={200: CLOCK, 409: conflict(AlreadyOnBreak, NotClockedIn)},
    ),
    stop_break=Call(
        "stopBreak",
        "End the break",
        "Its seconds are added to `breakTime`.",
        responses={200: CLOCK, 409: conflict(NotOnBreak, NotClockedIn)},
    ),
)

GIVEN = {
    "startTime": "2026-02-02T09:00:00Z",
    "endTime": "2026-02-02T17:00:00Z",
    "breakTime": 1800,
    "notes": "Productive day",
}
REFUSED = conflict(Overlap, AlreadyClockedIn)

document(
    WorkLogViewSet,
    "Clock",
    list=Call(
        "listWorkLogs",
        "List the work logs",
        "Newest first; without parameters, all of them. A log belongs to the day on "
        "which it starts.",
        parameters=PERIOD,
        responses={
            200: answer("The logs.", WorkLogSerializer(many=True)),
            400: invalid("range", "give one of: today, week, month"),
        },
    ),
    create=Call(
        "createWorkLog",
        "Enter past work",
        "Logs never overlap; one may start when another ends. An open log counts as "
        "running for ever.",
        request=body(WorkLogSerializer, GIVEN),
        responses={
            201: answer("The new log.", WorkLogSerializer),
            400: invalid("endTime", "it must not be before startTime"),
            409: REFUSED,
        },
    ),
    retrieve=Call(
        "getWorkLog",
        "Read a work log",
        "One of your own.",
        responses={200: answer("The log.", WorkLogSerializer)},
    ),
    partial_update=Call(
        "updateWorkLog",
        "Correct a work log",
        "Takes any of the fields; what is left out stays. An `endTime` stops the clock "
        "if this is the open log, and one of null lets it run on.",
        request=body(
            WorkLogSerializer(partial=True), {"endTime": "2026-02-02T17:30:00Z"}
        ),
        responses={
            200: answer("The log as it is now.", WorkLogSerializer),
            400: invalid("endTime", "it must not be before startTime"),
            409: REFUSED,
        },
    ),
    destroy=Call(
        "deleteWorkLog",
        "Delete a work log",
        "Of the open log, this takes back that the clock was started.",
        responses={
            200: answer(
                "It is deleted.",
                MessageSerializer,
                {"message": "Work log deleted successfully"},
            )
        },
    ),
)

TABLE = f"""\
{",".join(HEADER)}
2026-02-02,2026-02-02T10:00:00+01:00,2026-02-02T18:00:00+01:00,28800,1800,27000,\
8:00,0:30,7:30,Productive day,507f1f77bcf86cd799439014
"""

document(
    WorkLogTableViewSet,
    "Clock",
    list=Call(
        "downloadWorkLogs",
        "Download the work logs as CSV",
        "The same list for a spreadsheet, in UTF-8. Times are local, with offset. "
        "An apostrophe stands before text that a spreadsheet would run as a formula.",
        parameters=PERIOD,
        responses={
            (200, "text/csv"): OpenApiResponse(
                OpenApiTypes.STR, "The table.", [OpenApiExample("Answer", TABLE)]
            ),
            (400, "application/json"): invalid(
                "range", "give one of: today, week, month"
            ),
        },
    ),
)
