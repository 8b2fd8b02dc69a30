from focusmaster.exceptions import RuleViolation


class EmailTaken(RuleViolation):
    code = "email_taken"
    message = "An account with this email exists already."
