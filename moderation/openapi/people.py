from __future__ import annotations

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework.serializers import Serializer

from accounts.exceptions import LastAdmin
from focusmaster.openapi.errors import conflict_response, invalid_response
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    message_response,
    request_body,
    response_example,
)
from moderation.exceptions import (
    BarredCannotBeAdmin,
    CannotBanAdmin,
    CannotBanYourself,
    CannotChangeOwnRole,
    GuestCannotBeAdmin,
)
from moderation.serializers import (
    BanSerializer,
    CountsSerializer,
    ExportedBanSerializer,
    NewBanSerializer,
    NewStatusSerializer,
    PeoplePageSerializer,
    PersonInDetailSerializer,
    PersonSerializer,
    RoleSerializer,
    UnbanSerializer,
)
from moderation.views import PeopleViewSet

ID = "507f1f77bcf86cd799439011"
PERSON = {
    "_id": ID,
    "id": ID,
    "name": "John Doe",
    "email": "john@example.com",
    "picture": "",
    "role": "user",
    "status": "active",
    "banReason": "",
    "bannedUntil": None,
    "isGuest": False,
    "points": 150,
    "createdAt": "2026-02-02T09:00:00Z",
    "updatedAt": "2026-02-02T10:25:00Z",
    "lastSeenAt": "2026-02-02T10:25:00Z",
}
BANNED = PERSON | {"status": "banned", "banReason": "Violation of terms"}
MODERATOR = {"_id": "507f1f77bcf86cd799439010", "name": "Moderator"}
OF_PERSON = {
    "id": "The same as `_id`.",
    "status": "As it is by now: a suspension that has run out is none.",
    "banReason": "What the person reads, too; empty when nothing is in force.",
    "bannedUntil": "When a suspension ends by itself; null when nothing does.",
    "lastSeenAt": "When one of the person's sign-ins was last used, to some minutes; "
    "null for never.",
}

extend_schema_serializer(
    description="A person as staff see them.",
    examples=response_example(**PERSON),
    extensions=field_texts(**OF_PERSON),
)(PersonSerializer)
extend_schema_serializer(
    description="A ban or a suspension.",
    extensions=field_texts(
        until="When it ends by itself; null for never.",
        author="Null if they are gone; `_id` is null for a command, and `name` is "
        "then the operating system's user.",
        endedAt="When it was lifted or replaced; null if neither has happened.",
        liftedBy="Null if nobody has lifted it.",
    ),
)(BanSerializer)
extend_schema_serializer(
    description="A person with what they have, and their bans.",
    examples=response_example(
        **BANNED,
        counts={"sessions": 12, "tasks": 7, "workLogs": 3, "signIns": 0, "feedback": 1},
        bans=[
            {
                "_id": "65bd0f2cbcf86cd799439021",
                "status": "banned",
                "reason": "Violation of terms",
                "until": None,
                "author": MODERATOR,
                "createdAt": "2026-02-02T10:25:00Z",
                "inForce": True,
                "endedAt": None,
                "liftedBy": None,
                "liftReason": "",
            }
        ],
    ),
    extensions=field_texts(**OF_PERSON, bans="Newest first."),
)(PersonInDetailSerializer)
extend_schema_serializer(
    many=False,  # `list` returns one.
    description="One page of people.",
    examples=response_example(users=[PERSON], page=1, pages=1, total=1),
    extensions=field_texts(total="Exact up to some thousands, and an estimate beyond."),
)(PeoplePageSerializer)
for serializer, description in {
    CountsSerializer: "How much of each kind a person has.",
    RoleSerializer: "A role to give.",
    NewBanSerializer: "A ban, or a suspension.",
    UnbanSerializer: "Why a ban is lifted.",
    NewStatusSerializer: "A status to give.",
    ExportedBanSerializer: "A ban or a suspension of the person's.",
}.items():
    extend_schema_serializer(description=description)(serializer)

CANNOT_BAN = conflict_response(CannotBanYourself, CannotBanAdmin)


def whole(serializer: type[Serializer]) -> type[Serializer]:
    """Return a serializer for the whole body of a PATCH.

    drf-spectacular sets `partial` on the serializer of any PATCH.
    """
    never = property(lambda self: False, lambda self, value: None)
    return type(serializer.__name__, (serializer,), {"partial": never})


extend_view(
    PeopleViewSet,
    list=extend_schema(
        operation_id="listPeople",
        summary="Find people",
        description="Newest first. A text of three or more letters is looked for "
        "anywhere in names and emails.",
        responses={
            200: OpenApiResponse(PeoplePageSerializer, "The page."),
            400: invalid_response("limit", "give a number from 1 to 100"),
        },
    ),
    retrieve=extend_schema(
        operation_id="getPerson",
        summary="Look at a person",
        description="With what they have, and every ban there was.",
        responses={200: OpenApiResponse(PersonInDetailSerializer, "The person.")},
    ),
    role=extend_schema(
        operation_id="changeRole",
        summary="Give a role",
        description="Counts from the person's next request on. Nobody changes their "
        "own, and the last admin stays one.",
        request=request_body(whole(RoleSerializer), role="admin"),
        responses={
            200: OpenApiResponse(PersonSerializer, "The person."),
            400: invalid_response("role", "give one of: user, admin"),
            409: conflict_response(
                CannotChangeOwnRole, GuestCannotBeAdmin, BarredCannotBeAdmin, LastAdmin
            ),
        },
    ),
    ban=extend_schema(
        operation_id="banPerson",
        summary="Ban a person",
        description="At once: their sign-ins end. With `until` it is a suspension, "
        "which ends by itself. One that is in force is replaced.",
        request=request_body(whole(NewBanSerializer), reason="Violation of terms"),
        responses={
            200: OpenApiResponse(
                PersonSerializer, "The person.", response_example(**BANNED)
            ),
            400: invalid_response("reason", "This field is required."),
            409: CANNOT_BAN,
        },
    ),
    unban=extend_schema(
        operation_id="unbanPerson",
        summary="Lift a ban",
        description="The person may come in again, and has to sign in for it. Who may "
        "come in anyway is left as they are.",
        request=request_body(whole(UnbanSerializer), reason="A misunderstanding"),
        responses={
            200: OpenApiResponse(PersonSerializer, "The person."),
            400: invalid_response("reason", "give text"),
        },
    ),
    status=extend_schema(
        operation_id="putStatus",
        summary="Ban, suspend or let in",
        description="The same as banning and lifting, by the name of what comes of "
        "it. Here a reason may be left out, and a suspension has no end.",
        request=request_body(
            NewStatusSerializer, status="suspended", banReason="Violation of terms"
        ),
        responses={
            200: message_response("It is so.", "User status updated successfully"),
            400: invalid_response("status", "give one of: active, banned, suspended"),
            409: CANNOT_BAN,
        },
    ),
)
