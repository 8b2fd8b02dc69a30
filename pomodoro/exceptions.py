from __future__ import annotations

from focusmaster.exceptions import InvalidValue


class NoSuchTask(InvalidValue):
    """The task is not one of the session's user's."""

    def __init__(self) -> None:
        super().__init__("task", "there is no such task")


class EndsBeforeStart(InvalidValue):
    def __init__(self) -> None:
        super().__init__("endTime", "it must not be before startTime")


class LongerThanADay(InvalidValue):
    def __init__(self, field: str) -> None:
        super().__init__(field, "from startTime to endTime it must be at most a day")
