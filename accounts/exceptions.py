from focusmaster.exceptions import RuleViolation


class EmailTaken(RuleViolation):
    code = "email_taken"
    message = "An account with this email exists already."


class LastAdmin(RuleViolation):
    code = "last_admin"
    message = "This is the last admin. Make somebody else an admin first."


class GuestHasNoEmail(RuleViolation):
    code = "guest_has_no_email"
    message = "A guest has no email address. Create an account first."
