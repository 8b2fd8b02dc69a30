"""The audit log as a CSV file, from the API and from the admin pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from focusmaster.api.csv_export import csv_response
from focusmaster.dates.rfc3339 import format_instant

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import FileResponse

NEWEST_FIRST = ("-created_at", "-position")
# By their names in the file; `cells` relies on the order.
COLUMNS = {
    "createdAt": "created_at",
    "action": "action",
    "actorId": "actor_id",
    "actorName": "actor_name",
    "targetId": "target_id",
    "details": "details",
    "metadata": "metadata",
    "ipAddress": "ip_address",
    "userAgent": "user_agent",
    "_id": "id",
}
# Rows fetched at a time.
CHUNK = 500


def audit_log_csv(records: QuerySet) -> FileResponse:
    """Return these records of AuditRecord as a download, newest first."""
    ordered = records.order_by(*NEWEST_FIRST)
    rows = ordered.values_list(*COLUMNS.values()).iterator(CHUNK)
    return csv_response([*COLUMNS], map(cells, rows), "focusmaster-audit-log.csv")


def cells(row: tuple[Any, ...]) -> list[Any]:
    created_at, *middle, metadata, address, browser, pk = row
    facts = orjson.dumps(metadata).decode() if metadata else ""
    return [format_instant(created_at), *middle, facts, address, browser, pk]
