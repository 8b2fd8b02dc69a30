from __future__ import annotations

from collections.abc import Callable

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from focusmaster.openapi.components import ID, PAGE, PERIOD
from focusmaster.openapi.errors import invalid_response
from focusmaster.openapi.texts import extend_view, field_texts, response_example
from moderation.models import AuditEntry
from moderation.openapi.people import MODERATOR, PERSON
from moderation.serializers import AuditRecordSerializer
from moderation.views import (
    AuditLogTableViewSet,
    AuditLogViewSet,
    AuditTableViewSet,
    AuditViewSet,
)
from moderation.views.audit import DEFAULT_LIMIT, HEADER

ENTRY = {
    "_id": "65bd0f2cbcf86cd799439022",
    "action": "user.banned",
    "actorId": MODERATOR["_id"],
    "actorName": MODERATOR["name"],
    "targetId": PERSON["_id"],
    "details": "Banned: Violation of terms",
    "metadata": {"banId": "65bd0f2cbcf86cd799439021", "until": None},
    "ipAddress": "203.0.113.7",
    "userAgent": "Mozilla/5.0",
    "createdAt": "2026-02-02T10:25:00Z",
}
extend_schema_serializer(
    description="What a member of staff did.",
    component_name="AuditEntry",
    examples=response_example(ENTRY),
    extensions=field_texts(
        action="A word for programs.",
        actorId="Null for a command; `actorName` is then the operating system's user.",
        actorName="Empty once the person is gone; so are address and user agent.",
        targetId="The person or row that it was done to.",
        details="A sentence.",
        metadata="Facts of the action.",
    ),
)(AuditRecordSerializer)

FILTERS = [
    OpenApiParameter("action", {"enum": AuditEntry.Action.values}),
    OpenApiParameter("actor", ID, description="The `actorId`."),
    OpenApiParameter("target", ID, description="The `targetId`."),
    *PERIOD,
]
TABLE = f"{','.join(HEADER)}\r\n"
DESCRIPTION = (
    "Newest first. Nobody can change or remove an entry, and each carries the hash of "
    f"the one before it. Without `limit`, pages are of {DEFAULT_LIMIT}."
)
DOWNLOAD = (
    "All of it that the filters keep, for a spreadsheet, in UTF-8. An apostrophe "
    "stands before text that a spreadsheet would run as a formula."
)
SAME = " The same as `/api/admin/audit-logs{}`."
WRONG_RANGE = invalid_response("range", "give one of: today, week, month")


def pages(name: str, more: str = "") -> Callable:
    return extend_schema(
        operation_id=name,
        summary="Read the audit log",
        description=DESCRIPTION + more,
        parameters=[*FILTERS, *PAGE],
        responses={
            200: OpenApiResponse(AuditRecordSerializer(many=True), "The entries."),
            400: WRONG_RANGE,
        },
    )


def table(name: str, more: str = "") -> Callable:
    csv = OpenApiResponse(
        OpenApiTypes.STR, "The table.", [OpenApiExample("Answer", TABLE)]
    )
    return extend_schema(
        operation_id=name,
        summary="Download the audit log as CSV",
        description=DOWNLOAD + more,
        parameters=FILTERS,
        responses={(200, "text/csv"): csv, (400, "application/json"): WRONG_RANGE},
    )


extend_view(AuditLogViewSet, list=pages("listAuditLogs"))
extend_view(AuditViewSet, list=pages("listAudit", SAME.format("")))
extend_view(AuditLogTableViewSet, list=table("downloadAuditLogs"))
extend_view(AuditTableViewSet, list=table("downloadAudit", SAME.format(".csv")))
