from focusmaster.exceptions import RuleViolation


class NotInColumn(RuleViolation):
    """The neighbour lies elsewhere: another device has moved it meanwhile."""

    code = "not_in_column"
    message = "The cards that it should lie between are not there any more."
