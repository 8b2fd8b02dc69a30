"""How the OpenAPI document describes the service's own calls."""

from __future__ import annotations

from rest_framework import serializers

from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.texts import (
    Call,
    answer,
    describe,
    document,
    refusal,
)
from focusmaster.views import HealthViewSet


class HealthSerializer(serializers.Serializer):
    status = serializers.CharField()
    timestamp = RFC3339Field()


describe(
    HealthSerializer,
    "A sign of life.",
    example={"status": "ok", "timestamp": "2026-02-02T10:00:00.512Z"},
    fields={"status": {"const": "ok"}, "timestamp": "The service's clock."},
)
document(
    HealthViewSet,
    "Service",
    list=Call(
        "getHealth",
        "Is it alive?",
        "Answers as long as the process does; it asks nothing else. For the check that "
        "restarts a process.",
        # No database, so none that does not answer.
        responses={200: answer("It is.", HealthSerializer), 503: None},
    ),
    ready=Call(
        "getReadiness",
        "Is it ready?",
        "Tells whether requests can be served: the database answers and is fully "
        "migrated. For the check of a load balancer.",
        responses={
            200: answer("It is.", HealthSerializer),
            503: refusal(
                "Not now.",
                not_ready="The database does not answer.",
            ),
        },
    ),
)
