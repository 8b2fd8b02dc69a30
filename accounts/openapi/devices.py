from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)

from accounts.serializers import SignInSerializer
from accounts.views import SignInViewSet
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    message_response,
    response_example,
)

extend_schema_serializer(
    description="A device on which the person is signed in.",
    component_name="Device",
    examples=response_example(
        _id="65bd0f2cbcf86cd799439019",
        device="Firefox on Linux",
        ipAddress="203.0.113.7",
        createdAt="2026-02-02T09:00:00Z",
        lastUsedAt="2026-02-02T10:25:00Z",
        expiresAt="2026-03-04T09:00:00Z",
        current=True,
    ),
    extensions=field_texts(current="Whether it is the one that asks."),
)(SignInSerializer)
extend_view(
    SignInViewSet,
    list=extend_schema(
        operation_id="listDevices",
        summary="List the devices",
        description="Where you are signed in, last used first.",
        responses={200: OpenApiResponse(SignInSerializer(many=True), "The devices.")},
    ),
    destroy=extend_schema(
        operation_id="signOutDevice",
        summary="Sign out on one device",
        description="Ends that sign-in; it may be this one.",
        responses={
            200: message_response("Signed out there.", "Signed out on this device")
        },
    ),
    destroy_all=extend_schema(
        operation_id="signOutOtherDevices",
        summary="Sign out on all other devices",
        description="Ends every sign-in but this one.",
        responses={
            200: message_response(
                "Signed out there.", "Signed out on all other devices"
            )
        },
    ),
)
