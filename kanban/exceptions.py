from focusmaster.exceptions import RuleViolation


class NotInColumn(RuleViolation):
    """Another device has moved the neighbour meanwhile: look at the board again."""

    code = "not_in_column"
    message = "The cards that it should lie between are not there any more."
