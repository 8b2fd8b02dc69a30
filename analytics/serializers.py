from __future__ import annotations

from rest_framework import serializers


class DaySerializer(serializers.Serializer):
    """A local day; `focusTime` in seconds."""

    date = serializers.DateField()
    focusTime = serializers.IntegerField()
    sessions = serializers.IntegerField()


class ProductivitySerializer(serializers.Serializer):
    """Focus in a period; durations in seconds."""

    totalFocusTime = serializers.IntegerField()
    totalSessions = serializers.IntegerField()
    averageSessionDuration = serializers.IntegerField()
    dailyBreakdown = DaySerializer(many=True)
