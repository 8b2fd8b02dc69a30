"""Pomodoro sessions, their totals, and the badges that they earn.

It imports kanban, accounts and focusmaster. timeclock, analytics and moderation may
import it.
"""
