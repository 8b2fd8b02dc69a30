from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.serializers import CharField, IntegerField

from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.errors import WRONG_ZONE
from focusmaster.openapi.texts import extend_view, field_texts, response_example
from moderation.serializers import ErrorSerializer
from moderation.views import ServiceViewSet

ESTIMATE = "Exact up to some thousands, and an estimate beyond."


@extend_schema_serializer(description="The numbers that matter first.")
class KpisSerializer(serializers.Serializer):
    totalUsers = IntegerField(help_text=ESTIMATE)
    totalSessions = IntegerField(help_text=ESTIMATE)
    activeToday = IntegerField(
        help_text="People who used the service since local midnight."
    )
    recentErrors = IntegerField(help_text="Requests that crashed in the last 24 hours.")


@extend_schema_serializer(description="A local day.")
class TrafficSerializer(serializers.Serializer):
    date = serializers.DateField()
    sessions = IntegerField(
        help_text="Of focus and rest; those that begin on that day."
    )
    visitors = IntegerField(help_text="People who had them.")


@extend_schema_serializer(
    description="How the service is used.",
    examples=response_example(
        kpis={
            "totalUsers": 230,
            "totalSessions": 9120,
            "activeToday": 41,
            "recentErrors": 0,
        },
        traffic=[{"date": "2026-02-02", "sessions": 312, "visitors": 41}],
    ),
)
class StatsSerializer(serializers.Serializer):
    kpis = KpisSerializer()
    traffic = TrafficSerializer(many=True, help_text="The last 30 days, oldest first.")


extend_schema_serializer(
    description="A fault of ours, with the last request that met it.",
    component_name="RecentError",
    extensions=field_texts(message="Without anything that could be a secret."),
)(ErrorSerializer)


@extend_schema_serializer(
    description="How the service is.",
    component_name="AdminHealth",
    examples=response_example(
        database="connected",
        uptime=86400,
        timestamp="2026-02-02T10:30:00Z",
        recentErrors=[
            {
                "_id": "65bd0f2cbcf86cd799439023",
                "message": "KeyError: 'name'",
                "path": "/api/tasks",
                "method": "POST",
                "statusCode": 500,
                "userId": "507f1f77bcf86cd799439011",
                "createdAt": "2026-02-02T10:29:00Z",
            }
        ],
    ),
)
class HealthSerializer(serializers.Serializer):
    database = CharField()
    uptime = IntegerField(
        help_text="Seconds since the worker that answers was started."
    )
    timestamp = RFC3339Field()
    recentErrors = ErrorSerializer(
        many=True, help_text="Of the last 30 days, the latest first, each fault once."
    )


extend_view(
    ServiceViewSet,
    stats=extend_schema(
        operation_id="getStats",
        summary="See how the service is used",
        description="Today, and day by day for the last 30.",
        responses={
            200: OpenApiResponse(StatsSerializer, "The numbers."),
            400: WRONG_ZONE,
        },
    ),
    health=extend_schema(
        operation_id="getAdminHealth",
        summary="See how the service is",
        description="The database, and the faults that requests have met.",
        responses={200: OpenApiResponse(HealthSerializer, "How it is.")},
    ),
)
