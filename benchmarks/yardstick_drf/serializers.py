from __future__ import annotations

from rest_framework import serializers

from accounts.models import User
from kanban.models import Task
from pomodoro.models import PomodoroSession


class SettingsSerializer(serializers.ModelSerializer):
    focusDuration = serializers.IntegerField(source="focus_minutes")
    shortBreakDuration = serializers.IntegerField(source="short_break_minutes")
    longBreakDuration = serializers.IntegerField(source="long_break_minutes")
    longBreakInterval = serializers.IntegerField(source="long_break_interval")
    dailyGoal = serializers.IntegerField(source="daily_goal")
    autoStartSession = serializers.BooleanField(source="auto_start_session")
    autoStartBreak = serializers.BooleanField(source="auto_start_break")
    strictMode = serializers.BooleanField(source="strict_mode")
    spotifyAutoplay = serializers.BooleanField(source="spotify_autoplay")
    motivationalQuotes = serializers.BooleanField(source="motivational_quotes")
    soundEnabled = serializers.BooleanField(source="sound_enabled")
    weekStart = serializers.CharField(source="week_start")

    class Meta:
        model = User
        fields = [
            "theme",
            "focusDuration",
            "shortBreakDuration",
            "longBreakDuration",
            "longBreakInterval",
            "dailyGoal",
            "autoStartSession",
            "autoStartBreak",
            "strictMode",
            "spotifyAutoplay",
            "motivationalQuotes",
            "soundEnabled",
            "timezone",
            "weekStart",
        ]


class SignedInSerializer(serializers.ModelSerializer):
    _id = serializers.CharField(source="id")
    isGuest = serializers.BooleanField(source="is_guest")
    points = serializers.IntegerField(source="progress.points")
    token = serializers.CharField()

    class Meta:
        model = User
        fields = [
            "_id",
            "name",
            "email",
            "picture",
            "role",
            "isGuest",
            "points",
            "token",
        ]


class ProfileSerializer(serializers.ModelSerializer):
    _id = serializers.CharField(source="id")
    isGuest = serializers.BooleanField(source="is_guest")
    points = serializers.IntegerField(source="progress.points")
    badges = serializers.ListField(source="progress.badges")
    settings = SettingsSerializer(source="*")
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        model = User
        fields = [
            "_id",
            "name",
            "email",
            "picture",
            "role",
            "status",
            "isGuest",
            "points",
            "badges",
            "settings",
            "createdAt",
        ]


class TaskSerializer(serializers.ModelSerializer):
    _id = serializers.CharField(source="id", read_only=True)
    user = serializers.CharField(source="user_id", read_only=True)
    isCompleted = serializers.BooleanField(source="is_completed", read_only=True)
    estimatedPomodoros = serializers.IntegerField(
        source="estimated_pomodoros", required=False
    )
    completedPomodoros = serializers.IntegerField(
        source="completed_pomodoros", read_only=True
    )
    dueDate = serializers.DateTimeField(source="due_date", required=False)
    isAllDay = serializers.BooleanField(source="is_all_day", required=False)
    completedAt = serializers.DateTimeField(source="completed_at", read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    updatedAt = serializers.DateTimeField(source="updated_at", read_only=True)

    class Meta:
        model = Task
        fields = [
            "_id",
            "user",
            "title",
            "description",
            "status",
            "isCompleted",
            "priority",
            "tags",
            "category",
            "estimatedPomodoros",
            "completedPomodoros",
            "deadline",
            "dueDate",
            "isAllDay",
            "position",
            "completedAt",
            "createdAt",
            "updatedAt",
        ]


class SessionTaskField(serializers.PrimaryKeyRelatedField):
    """The task's id on the way in, the task in short on the way out."""

    def use_pk_only_optimization(self):
        return False

    def to_representation(self, value):
        return {"_id": value.pk, "title": value.title}


class SessionSerializer(serializers.ModelSerializer):
    _id = serializers.CharField(source="id", read_only=True)
    user = serializers.CharField(source="user_id", read_only=True)
    task = SessionTaskField(queryset=Task.objects.all(), allow_null=True)
    startTime = serializers.DateTimeField(source="started_at")
    endTime = serializers.DateTimeField(source="ended_at", allow_null=True)
    tag = serializers.CharField(source="task.category", read_only=True, default=None)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    updatedAt = serializers.DateTimeField(source="updated_at", read_only=True)

    class Meta:
        model = PomodoroSession
        fields = [
            "_id",
            "user",
            "task",
            "type",
            "startTime",
            "endTime",
            "duration",
            "mood",
            "tag",
            "completed",
            "createdAt",
            "updatedAt",
        ]
