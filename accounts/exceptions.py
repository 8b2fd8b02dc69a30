from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import APIException

from focusmaster.exceptions import Forbidden, RuleViolation

if TYPE_CHECKING:
    from accounts.models import User


class Barred(Forbidden):
    """A ban or a suspension is in force; the message says why, and until when."""

    def __init__(self, user: User) -> None:
        super().__init__(user.bar_message(), user.status)


class EmailTaken(RuleViolation):
    code = "email_taken"
    message = "An account with this email exists already."


class LastAdmin(RuleViolation):
    code = "last_admin"
    message = "This is the last admin. Make somebody else an admin first."


class GuestHasNoEmail(RuleViolation):
    code = "guest_has_no_email"
    message = "A guest has no email address. Create an account first."


class MailNotConfigured(APIException):
    """Waiting does not help, so the response does not say for how long."""

    status_code = 503
    default_detail = "Mail is not set up here."
    default_code = "mail_not_configured"


class MailFailed(APIException):
    """The mail server is down; a code is valid if its mail arrives after all."""

    status_code = 503
    default_detail = "The mail could not be sent. Try again in a minute."
    default_code = "mail_failed"
    wait = 60
