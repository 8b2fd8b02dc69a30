"""How the OpenAPI document describes the service's own endpoints."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from focusmaster.api.fields import RFC3339Field
from focusmaster.openapi.errors import error_response
from focusmaster.openapi.texts import extend_view, field_texts, response_example
from focusmaster.views import HealthViewSet


@extend_schema_serializer(
    many=False,  # `list` returns one.
    description="A sign of life.",
    examples=response_example(status="ok", timestamp="2026-02-02T10:00:00.512Z"),
    extensions=field_texts(status={"const": "ok"}, timestamp="The service's clock."),
)
class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    timestamp = RFC3339Field()


extend_view(
    HealthViewSet,
    list=extend_schema(
        operation_id="getHealth",
        summary="Is it alive?",
        description="Answers as long as the process does; it asks nothing else. For "
        "the check that restarts a process.",
        # No database, so none that does not answer.
        responses={200: OpenApiResponse(HealthSerializer, "It is."), 503: None},
    ),
    ready=extend_schema(
        operation_id="getReadiness",
        summary="Is it ready?",
        description="Tells whether requests can be served: the database answers and "
        "is fully migrated. For the check of a load balancer.",
        responses={
            200: OpenApiResponse(HealthSerializer, "It is."),
            503: error_response(
                "Not now.", ("not_ready", "The database does not answer.")
            ),
        },
    ),
)
