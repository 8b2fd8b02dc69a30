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
