from __future__ import annotations

from focusmaster.exceptions import InvalidValue, RuleViolation


class AlreadyClockedIn(RuleViolation):
    code = "already_clocked_in"
    message = "The clock is running already: stop it first."


class NotClockedIn(RuleViolation):
    code = "not_clocked_in"
    message = "The clock is not running: start it first."


class AlreadyOnBreak(RuleViolation):
    code = "already_on_break"
    message = "A break is running already: stop it first."


class NotOnBreak(RuleViolation):
    code = "not_on_break"
    message = "No break is running: start one first."


class Overlap(RuleViolation):
    """Two work logs of one user would share some time."""

    code = "overlap"
    message = "At this time there is another work log: change or delete that one first."


class EndsBeforeStart(InvalidValue):
    def __init__(self) -> None:
        super().__init__("endTime", "it must not be before startTime")


class BreakExceedsDuration(InvalidValue):
    def __init__(self) -> None:
        super().__init__("breakTime", "it must be at most the duration")


class LongerThanAWeek(InvalidValue):
    def __init__(self) -> None:
        super().__init__("endTime", "it must be at most 7 days after startTime")
