"""Bans, the audit log, feedback, errors and daily activity, with the verbs on them.

The database guarantees that a person has at most one ban that has not ended, and that
the audit log is append-only and chained (`sql/`). It imports accounts and focusmaster;
everything else in moderation may import it.
"""

from moderation.models.archives import AuditArchive
from moderation.models.audit import AuditEntry, AuditPersonalDetails, AuditRecord
from moderation.models.bans import Ban
from moderation.models.errors import ErrorGroup, ErrorOccurrence
from moderation.models.feedback import Feedback, FeedbackReply
from moderation.models.traffic import DailyActivity

__all__ = [
    "AuditArchive",
    "AuditEntry",
    "AuditPersonalDetails",
    "AuditRecord",
    "Ban",
    "DailyActivity",
    "ErrorGroup",
    "ErrorOccurrence",
    "Feedback",
    "FeedbackReply",
]
