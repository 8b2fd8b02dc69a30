"""The board: tasks in columns, their order, filters and search.

It imports accounts and focusmaster. pomodoro, timeclock, analytics and moderation may
import it.
"""
