from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth import authenticate
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import AccessToken

from benchmarks.yardstick_drf.serializers import (
    ProfileSerializer,
    SessionSerializer,
    SignedInSerializer,
    TaskSerializer,
)
from kanban.models import Task
from pomodoro.models import PomodoroSession

DAYS = {"today": 1, "week": 7, "month": 30}


def days_of(request: Request, default: str | None = None) -> list[datetime] | None:
    """Return the local midnights of the range asked for and the one after them."""
    name = request.query_params.get("range", default)
    if name is None:
        return None
    zone = ZoneInfo(request.user.timezone)
    today = timezone.localdate(timezone=zone)
    days = [today + timedelta(days=n) for n in range(1 - DAYS[name], 2)]
    return [datetime.combine(day, time(), zone) for day in days]


class LoginView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request):
        user = authenticate(
            request,
            email=request.data.get("email"),
            password=request.data.get("password"),
        )
        if user is None:
            raise AuthenticationFailed
        user.token = str(AccessToken.for_user(user))
        return Response(SignedInSerializer(user).data)


class ProfileView(APIView):
    def get(self, request):
        return Response(ProfileSerializer(request.user).data)


class TaskViewSet(viewsets.ModelViewSet):
    serializer_class = TaskSerializer

    def get_queryset(self):
        return Task.objects.filter(user=self.request.user)

    def get_serializer(self, *args, **kwargs):
        # The API's PUT changes the fields given.
        return super().get_serializer(
            *args, **kwargs | {"partial": self.request.method == "PUT"}
        )

    def perform_create(self, serializer):
        serializer.save(user=self.request.user)

    def perform_update(self, serializer):
        serializer.save(updated_at=timezone.now())


class SessionViewSet(viewsets.ModelViewSet):
    serializer_class = SessionSerializer

    def get_queryset(self):
        sessions = PomodoroSession.objects.filter(user=self.request.user)
        if days := days_of(self.request):
            sessions = sessions.filter(started_at__gte=days[0], started_at__lt=days[-1])
        return sessions.select_related("task")

    def perform_create(self, serializer):
        serializer.save(user=self.request.user)

    @action(detail=False)
    def stats(self, request):
        focus = self.get_queryset().filter(type="focus")
        return Response(
            focus.aggregate(
                totalFocusTime=Sum("duration", default=0), totalSessions=Count("pk")
            )
        )


class ProductivityView(APIView):
    def get(self, request):
        days = days_of(request, "week")
        rows = (
            PomodoroSession.objects.filter(
                user=request.user,
                type="focus",
                started_at__gte=days[0],
                started_at__lt=days[-1],
            )
            .order_by()
            .annotate(date=TruncDate("started_at", tzinfo=days[0].tzinfo))
            .values("date")
            .annotate(focusTime=Sum("duration"), sessions=Count("pk"))
        )
        found = {row["date"]: row for row in rows}
        breakdown = []
        for midnight in days[:-1]:
            day = midnight.date()
            empty = {"date": day, "focusTime": 0, "sessions": 0}
            breakdown.append(found.get(day, empty))
        seconds = sum(row["focusTime"] for row in breakdown)
        count = sum(row["sessions"] for row in breakdown)
        return Response(
            {
                "totalFocusTime": seconds,
                "totalSessions": count,
                "averageSessionDuration": round(seconds / count) if count else 0,
                "dailyBreakdown": breakdown,
            }
        )
