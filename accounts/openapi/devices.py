from __future__ import annotations

from accounts.serializers import SignInSerializer
from accounts.views import SignInViewSet
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    describe,
    document,
)

describe(
    SignInSerializer,
    "A device on which the person is signed in.",
    name="Device",
    example={
        "_id": "65bd0f2cbcf86cd799439019",
        "device": "Firefox on Linux",
        "ipAddress": "203.0.113.7",
        "createdAt": "2026-02-02T09:00:00Z",
        "lastUsedAt": "2026-02-02T10:25:00Z",
        "expiresAt": "2026-03-04T09:00:00Z",
        "current": True,
    },
    fields={"current": "Whether it is the one that asks."},
)
document(
    SignInViewSet,
    "Accounts",
    list=Call(
        "listDevices",
        "List the devices",
        "Where you are signed in, last used first.",
        responses={200: answer("The devices.", SignInSerializer(many=True))},
    ),
    destroy=Call(
        "signOutDevice",
        "Sign out on one device",
        "Ends that sign-in; it may be this one.",
        responses={
            200: answer(
                "Signed out there.",
                MessageSerializer,
                {"message": "Signed out on this device"},
            )
        },
    ),
    destroy_all=Call(
        "signOutOtherDevices",
        "Sign out on all other devices",
        "Ends every sign-in but this one.",
        responses={
            200: answer(
                "Signed out there.",
                MessageSerializer,
                {"message": "Signed out on all other devices"},
            )
        },
    ),
)
