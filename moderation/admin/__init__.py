"""The admin pages about people, bans, the audit log, errors and feedback.

They call the same verbs as the API. Each module registers the pages of its models when
it is imported; nothing outside imports them.
"""

from moderation.admin import audit, bans, errors, feedback, people

__all__ = ["audit", "bans", "errors", "feedback", "people"]
