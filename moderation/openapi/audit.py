from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from focusmaster.openapi.errors import WRONG_RANGE
from focusmaster.openapi.texts import (
    csv_responses,
    extend_view,
    field_texts,
    response_example,
)
from moderation.audit.table import COLUMNS
from moderation.openapi.people import MODERATOR, PERSON
from moderation.serializers import AuditRecordSerializer
from moderation.views import (
    AuditLogTableViewSet,
    AuditLogViewSet,
    AuditTableViewSet,
    AuditViewSet,
)
from moderation.views.audit import DEFAULT_LIMIT

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
    examples=response_example(**ENTRY),
    extensions=field_texts(
        action="A word for programs.",
        actorId="Null for a command; `actorName` is then the operating system's user.",
        actorName="Empty once the person is gone; so are address and user agent.",
        targetId="The person or row that it was done to.",
        details="A sentence.",
        metadata="Facts of the action.",
    ),
)(AuditRecordSerializer)

for view, operation_id, same_as in [
    (AuditLogViewSet, "listAuditLogs", ""),
    (AuditViewSet, "listAudit", " The same as `/api/admin/audit-logs`."),
]:
    extend_view(
        view,
        list=extend_schema(
            operation_id=operation_id,
            summary="Read the audit log",
            description="Newest first. Nobody can change or remove an entry, and each "
            "carries the hash of the one before it. Without `limit`, pages are of "
            f"{DEFAULT_LIMIT}.{same_as}",
            responses={
                200: OpenApiResponse(AuditRecordSerializer(many=True), "The entries."),
                400: WRONG_RANGE,
            },
        ),
    )
for table, operation_id, same_as in [
    (AuditLogTableViewSet, "downloadAuditLogs", ""),
    (AuditTableViewSet, "downloadAudit", " The same as `/api/admin/audit-logs.csv`."),
]:
    extend_view(
        table,
        list=extend_schema(
            operation_id=operation_id,
            summary="Download the audit log as CSV",
            description="All of it that the filters keep, for a spreadsheet, in UTF-8. "
            "An apostrophe stands before text that a spreadsheet would run as a "
            f"formula.{same_as}",
            responses=csv_responses(f"{','.join(COLUMNS)}\r\n"),
        ),
    )
