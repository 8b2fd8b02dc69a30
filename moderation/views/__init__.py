"""Endpoints: feedback from everybody, the rest for staff.

A viewset chooses, calls one verb of a model, and returns the row. Only the URLs and
`moderation.openapi` import it.
"""

from moderation.views.audit import (
    AuditLogTableViewSet,
    AuditLogViewSet,
    AuditTableViewSet,
    AuditViewSet,
)
from moderation.views.feedback import FeedbackBoardViewSet, FeedbackViewSet
from moderation.views.people import PeopleViewSet
from moderation.views.service import ServiceViewSet

__all__ = [
    "AuditLogTableViewSet",
    "AuditLogViewSet",
    "AuditTableViewSet",
    "AuditViewSet",
    "FeedbackBoardViewSet",
    "FeedbackViewSet",
    "PeopleViewSet",
    "ServiceViewSet",
]
