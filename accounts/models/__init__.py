"""Users, their sign-ins, consents and progress, and codes and links sent by mail.

The database guarantees that an email belongs to one user however it is capitalised,
that a guest has neither an email nor a role, that every setting is within its limits,
that an active user has no ban, that a sign-in expires after it began, and that a user
has one code and one link at most. It imports `focusmaster` only; all apps import it.
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
