"""Users and their sign-ins.

The database guarantees that an email belongs to one user however it is capitalised,
that every setting is within its limits, that an active user has no ban left over, and
that a sign-in expires after it began.
"""

from accounts.models.sign_ins import LAST_USED_PRECISION, SignIn, live_at
from accounts.models.users import SETTING_LIMITS, User

__all__ = ["LAST_USED_PRECISION", "SETTING_LIMITS", "SignIn", "User", "live_at"]
