"""Work logs and the clock that measures them.

It imports pomodoro (the last sign of life), accounts and focusmaster. analytics and
moderation may import it.
"""
