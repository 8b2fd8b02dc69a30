"""What the clock keeps of a person."""

from __future__ import annotations

from focusmaster.personal_data import Holding, Section
from timeclock.models import WorkLog
from timeclock.serializers import WorkLogSerializer

MEASURED = "What breakTime is measured with."

HOLDINGS = [
    Holding(
        WorkLog,
        sections=[Section("workLogs", WorkLogSerializer)],
        left_out={"break_started_at": MEASURED, "break_ended_at": MEASURED},
    ),
]
