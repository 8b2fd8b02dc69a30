from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from focusmaster.openapi.components import ID, PAGE
from focusmaster.openapi.texts import PERIOD, Call, answer, describe, document, invalid
from moderation.models import AuditEntry
from moderation.openapi.parts import FORBIDDEN, TAG
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
describe(
    AuditRecordSerializer,
    "What a member of staff did.",
    name="AuditEntry",
    example=ENTRY,
    fields={
        "action": "A word for programs.",
        "actorId": "Null for a command; `actorName` is then the operating system's "
        "user.",
        "actorName": "Empty once the person is gone; so are address and user agent.",
        "targetId": "The person or row that it was done to.",
        "details": "A sentence.",
        "metadata": "Facts of the action.",
    },
)

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
WRONG_RANGE = invalid("range", "give one of: today, week, month")


def pages(name: str, more: str = "") -> Call:
    return Call(
        name,
        "Read the audit log",
        DESCRIPTION + more,
        parameters=[*FILTERS, *PAGE],
        responses={
            200: answer("The entries.", AuditRecordSerializer(many=True)),
            400: WRONG_RANGE,
            403: FORBIDDEN,
        },
    )


def table(name: str, more: str = "") -> Call:
    csv = OpenApiResponse(
        OpenApiTypes.STR, "The table.", [OpenApiExample("Answer", TABLE)]
    )
    return Call(
        name,
        "Download the audit log as CSV",
        DOWNLOAD + more,
        parameters=FILTERS,
        responses={
            (200, "text/csv"): csv,
            (400, "application/json"): WRONG_RANGE,
            (403, "application/json"): FORBIDDEN,
        },
    )


document(AuditLogViewSet, TAG, list=pages("listAuditLogs"))
document(AuditViewSet, TAG, list=pages("listAudit", SAME.format("")))
document(AuditLogTableViewSet, TAG, list=table("downloadAuditLogs"))
document(AuditTableViewSet, TAG, list=table("downloadAudit", SAME.format(".csv")))
