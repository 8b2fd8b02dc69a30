"""How the OpenAPI document describes the endpoints of this app."""

from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from focusmaster.openapi.errors import WRONG_RANGE, conflict_response, invalid_response
from focusmaster.openapi.texts import (
    csv_responses,
    extend_view,
    field_texts,
    message_response,
    request_body,
    request_texts,
    response_example,
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

extend_schema_serializer(
    description="A stretch of work, from clocking in to clocking out.",
    examples=response_example(**EXAMPLE),
    extensions=field_texts(
        endTime="Null while the clock is running.",
        duration="Seconds from start to end, breaks included; null while the clock is "
        "running.",
        breakTime="Seconds. While the clock is running, of measured breaks that are "
        "over.",
    )
    | request_texts(
        startTime="At most 5 minutes from now.",
        endTime="Not before `startTime`, at most 7 days after it and 5 minutes from "
        "now. With null, the clock is running.",
        breakTime="Seconds; at most the duration.",
    ),
)(WorkLogSerializer)
extend_schema_serializer(
    description="What there is to say at the start.",
    component_name="ClockStart",
    extensions=request_texts(
        startTime="An instant of the last 24 hours. Without it, now."
    ),
)(StartSerializer)
extend_schema_serializer(
    description="What there is to say at the end.",
    component_name="ClockStop",
    extensions=request_texts(
        endTime="Not before the start, and at most 5 minutes from now. Without it, or "
        "with null, now. A log ends 7 days after its start at the latest.",
        breakTime="Seconds; at most the duration. Without it, what was measured.",
        notes="Without it, the notes stay as they are.",
    ),
)(StopSerializer)
extend_schema_serializer(
    description="What the clock shows.",
    examples=response_example(
        clockedIn=True,
        log=OPEN,
        elapsed=10800,
        onBreak=True,
        breakStartedAt="2026-02-02T12:00:00.119Z",
        forgotten=False,
    ),
    extensions=field_texts(
        log="The log that is open.",
        elapsed="Seconds since the clock was started, breaks included; 0 when it is "
        "not running.",
        forgotten="It has been running for so long that it was probably left on. It "
        "may be closed at the last thing that you did.",
    ),
)(ClockSerializer)

CLOCK = OpenApiResponse(ClockSerializer, "What the clock shows now.")

extend_view(
    ClockViewSet,
    start=extend_schema(
        operation_id="startClock",
        summary="Clock in",
        description="Opens a work log that starts now. The body may be left out.",
        request=request_body(StartSerializer, notes="At the client's"),
        responses={
            201: OpenApiResponse(
                WorkLogSerializer, "The open log.", response_example(**OPEN)
            ),
            400: invalid_response("note", "there is no such field"),
            409: conflict_response(AlreadyClockedIn, Overlap),
        },
    ),
    stop=extend_schema(
        operation_id="stopClock",
        summary="Clock out",
        description="Closes the open work log, and a break that is running. The body "
        "may be left out.",
        request=request_body(StopSerializer, breakTime=300, notes="Productive day"),
        responses={
            200: OpenApiResponse(WorkLogSerializer, "The log."),
            400: invalid_response("breakTime", "it must be at most the duration"),
            409: conflict_response(NotClockedIn),
        },
    ),
    status=extend_schema(
        operation_id="getClock",
        summary="Read the clock",
        description="Whether it is running, since when, and whether you are on a "
        "break.",
        responses={200: CLOCK},
    ),
    start_break=extend_schema(
        operation_id="startBreak",
        summary="Start a break",
        description="It is measured and added to `breakTime` when it ends.",
        responses={200: CLOCK, 409: conflict_response(AlreadyOnBreak, NotClockedIn)},
    ),
    stop_break=extend_schema(
        operation_id="stopBreak",
        summary="End the break",
        description="Its seconds are added to `breakTime`.",
        responses={200: CLOCK, 409: conflict_response(NotOnBreak, NotClockedIn)},
    ),
)

GIVEN = {key: EXAMPLE[key] for key in ("startTime", "endTime", "breakTime", "notes")}
CANNOT_LOG = conflict_response(Overlap, AlreadyClockedIn)

extend_view(
    WorkLogViewSet,
    list=extend_schema(
        operation_id="listWorkLogs",
        summary="List the work logs",
        description="Newest first; without parameters, all of them. A log belongs to "
        "the day on which it starts.",
        responses={
            200: OpenApiResponse(WorkLogSerializer(many=True), "The logs."),
            400: WRONG_RANGE,
        },
    ),
    create=extend_schema(
        operation_id="createWorkLog",
        summary="Enter past work",
        description="Logs never overlap; one may start when another ends. An open log "
        "counts as running for ever.",
        request=request_body(WorkLogSerializer, **GIVEN),
        responses={
            201: OpenApiResponse(WorkLogSerializer, "The new log."),
            400: invalid_response("endTime", "it must not be before startTime"),
            409: CANNOT_LOG,
        },
    ),
    retrieve=extend_schema(
        operation_id="getWorkLog",
        summary="Read a work log",
        description="One of your own.",
        responses={200: OpenApiResponse(WorkLogSerializer, "The log.")},
    ),
    partial_update=extend_schema(
        operation_id="updateWorkLog",
        summary="Correct a work log",
        description="Takes any of the fields; what is left out stays. An `endTime` "
        "stops the clock if this is the open log, and one of null lets it run on.",
        request=request_body(
            WorkLogSerializer(partial=True), endTime="2026-02-02T17:30:00Z"
        ),
        responses={
            200: OpenApiResponse(WorkLogSerializer, "The log as it is now."),
            400: invalid_response("endTime", "it must not be before startTime"),
            409: CANNOT_LOG,
        },
    ),
    destroy=extend_schema(
        operation_id="deleteWorkLog",
        summary="Delete a work log",
        description="Of the open log, this takes back that the clock was started.",
        responses={
            200: message_response("It is deleted.", "Work log deleted successfully")
        },
    ),
)

TABLE = f"""\
{",".join(HEADER)}
2026-02-02,2026-02-02T10:00:00+01:00,2026-02-02T18:00:00+01:00,28800,1800,27000,\
8:00,0:30,7:30,Productive day,507f1f77bcf86cd799439014
"""

extend_view(
    WorkLogTableViewSet,
    list=extend_schema(
        operation_id="downloadWorkLogs",
        summary="Download the work logs as CSV",
        description="The same list for a spreadsheet, in UTF-8. Times are local, with "
        "offset. An apostrophe stands before text that a spreadsheet would run as a "
        "formula.",
        responses=csv_responses(TABLE),
    ),
)
