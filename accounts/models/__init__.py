"""Users and their sign-ins.

The database guarantees that an email belongs to one user however it is capitalised,
that a guest has neither an email nor a role, that every setting is within its limits,
that an active user has no ban left over, that a sign-in expires after it began, and
that of codes and links sent by mail only the last of each kind counts.
"""

from accounts.models.consents import Consent
from accounts.models.email_changes import EmailChange
from accounts.models.failed_sign_ins import FailedSignIn
from accounts.models.password_resets import PasswordReset
from accounts.models.progress import Progress
from accounts.models.sign_ins import LAST_USED_PRECISION, SignIn, live_at
from accounts.models.users import SETTING_LIMITS, User

__all__ = [
    "LAST_USED_PRECISION",
    "SETTING_LIMITS",
    "Consent",
    "EmailChange",
    "FailedSignIn",
    "PasswordReset",
    "Progress",
    "SignIn",
    "User",
    "live_at",
]
