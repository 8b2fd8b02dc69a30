"""The personal data of the clock."""

from __future__ import annotations

from focusmaster.personal_data import PersonalDataEntry, Section
from timeclock.models import WorkLog
from timeclock.serializers import WorkLogSerializer

MEASURED = "What breakTime is measured with."

PERSONAL_DATA = [
    PersonalDataEntry(
        WorkLog,
        sections=[Section("workLogs", WorkLogSerializer)],
        excluded_columns={"break_started_at": MEASURED, "break_ended_at": MEASURED},
    ),
]
