from focusmaster.exceptions import LinkedServiceError, RuleViolation


class InvalidIdToken(Exception):
    """An ID token that is not valid; `reason` is for the log and has no part of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnverifiedEmail(InvalidIdToken):
    """A genuine ID token without an address that Google has verified."""


class KeysUnavailable(LinkedServiceError):
    """Google does not respond with the key that signed a token."""

    code = "google_unavailable"
    message = "Google does not answer. Try again in a moment."


class EmailOfAnother(RuleViolation):
    """The address belongs to an account that this Google account does not open."""

    code = "email_taken"
    message = (
        "An account with this email exists already. Sign in to it as before, with its "
        "password or another Google account."
    )


class NotLinked(RuleViolation):
    code = "google_not_linked"
    message = "No Google account is linked."


class NoPassword(RuleViolation):
    code = "no_password"
    message = "Set a password first: without Google, nothing would open this account."
