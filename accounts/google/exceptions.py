from focusmaster.exceptions import LinkedServiceError, RuleViolation


class InvalidIdToken(Exception):
    """An ID token that proves nothing; `reason` is for the log, without the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnverifiedEmail(InvalidIdToken):
    """A genuine ID token, but with no address that Google has verified."""


class KeysUnavailable(LinkedServiceError):
    """Google cannot be asked for the key that signed a token."""

    code = "google_unavailable"
    message = "Google does not answer. Try again in a moment."


class EmailOfAnother(RuleViolation):
    """The address is that of an account to which this Google account is no key."""

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
