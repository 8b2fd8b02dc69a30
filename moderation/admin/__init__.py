"""Staff's pages: about people, and about what staff look after.

They call the same verbs as the API. Every model's module registers its page.
"""

from moderation.admin import audit, bans, errors, feedback, people

__all__ = ["audit", "bans", "errors", "feedback", "people"]
