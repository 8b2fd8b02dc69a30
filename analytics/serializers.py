from __future__ import annotations

from rest_framework import serializers

from focusmaster.api.fields import StrictChoiceField
from pomodoro.models import PomodoroSession
from pomodoro.serializers import SessionSerializer, SessionTaskField


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


class TodaySerializer(serializers.Serializer):
    totalDuration = serializers.IntegerField()
    sessionCount = serializers.IntegerField()
    sessions = SessionSerializer(many=True)


class WeekdaySerializer(serializers.Serializer):
    """A local day of the week; `duration` in minutes."""

    name = serializers.CharField()
    date = serializers.DateField()
    duration = serializers.IntegerField()


class PriorityShareSerializer(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.IntegerField()


class HeatmapDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    count = serializers.IntegerField()


class StreaksSerializer(serializers.Serializer):
    current = serializers.IntegerField()
    longest = serializers.IntegerField()
    lastActiveDay = serializers.DateField(allow_null=True)


class HourSerializer(serializers.Serializer):
    hour = serializers.IntegerField()
    focusTime = serializers.IntegerField()
    sessions = serializers.IntegerField()


class TaskShareSerializer(serializers.Serializer):
    task = SessionTaskField(allow_null=True)
    focusTime = serializers.IntegerField()
    sessions = serializers.IntegerField()
    estimated = serializers.IntegerField(allow_null=True)
    completed = serializers.IntegerField(allow_null=True)


class MoodShareSerializer(serializers.Serializer):
    mood = StrictChoiceField(PomodoroSession.Mood.choices, allow_null=True)
    focusTime = serializers.IntegerField()
    sessions = serializers.IntegerField()


class GoalDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    sessions = serializers.IntegerField()
    met = serializers.BooleanField()


class GoalSerializer(serializers.Serializer):
    dailyGoal = serializers.IntegerField()
    completedToday = serializers.IntegerField()
    days = GoalDaySerializer(many=True)
