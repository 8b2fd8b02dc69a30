"""Read-only summaries of the other apps; it has no models.

It imports pomodoro, kanban, accounts and focusmaster. moderation may import it.
"""
