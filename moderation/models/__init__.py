"""What staff do and what they look after: bans, the audit log, feedback, errors.

The database guarantees that a person has at most one ban that has not ended, that the
audit log is append-only (an entry goes only once an archive has it, see `archives`) and
each of its entries carries the hash of the one before, and that what it says of people
beside their id can go only with them.
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
