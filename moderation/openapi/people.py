from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from accounts.exceptions import LastAdmin
from accounts.models import User
from focusmaster.openapi.texts import (
    Call,
    MessageSerializer,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
)
from moderation.exceptions import (
    BarredCannotBeAdmin,
    CannotBanAdmin,
    CannotBanYourself,
    CannotChangeOwnRole,
    GuestCannotBeAdmin,
)
from moderation.openapi.parts import FORBIDDEN, TAG
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
    StaffSerializer,
    UnbanSerializer,
)
from moderation.views import PeopleViewSet
from moderation.views.people import DEFAULT_LIMIT, MAX_SEARCH, MOST_LIMIT

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
    "lastActive": "2026-02-02T10:25:00Z",
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
    "lastActive": "The same as `lastSeenAt`.",
}

describe(
    PersonSerializer,
    "A person as staff see them.",
    name="Person",
    example=PERSON,
    fields=OF_PERSON,
)
describe(StaffSerializer, "Who of staff did something.", name="Staff")
describe(
    BanSerializer,
    "A ban or a suspension.",
    name="Ban",
    fields={
        "until": "When it ends by itself; null for never.",
        "author": "Null if they are gone; `_id` is null for a command, and `name` is "
        "then the operating system's user.",
        "endedAt": "When it was lifted or replaced; null if neither has happened.",
        "liftedBy": "Null if nobody has lifted it.",
    },
)
describe(CountsSerializer, "How much of each kind a person has.", name="Counts")
describe(
    PersonInDetailSerializer,
    "A person with what they have, and their bans.",
    name="PersonInDetail",
    example=BANNED
    | {
        "counts": {
            "sessions": 12,
            "tasks": 7,
            "workLogs": 3,
            "signIns": 0,
            "feedback": 1,
        },
        "bans": [
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
    },
    fields=OF_PERSON | {"bans": "Newest first."},
)
describe(
    PeoplePageSerializer,
    "One page of people.",
    name="PeoplePage",
    example={"users": [PERSON], "page": 1, "pages": 1, "total": 1},
    fields={"total": "Exact up to some thousands, and an estimate beyond."},
)
describe(RoleSerializer, "A role to give.", name="Role")
describe(NewBanSerializer, "A ban, or a suspension.", name="NewBan")
describe(UnbanSerializer, "Why a ban is lifted.", name="Unban")
describe(NewStatusSerializer, "A status to give.", name="NewStatus")
describe(
    ExportedBanSerializer,
    "A ban or a suspension of the person's.",
    name="ExportedBan",
)

BARRED = conflict(CannotBanYourself, CannotBanAdmin)

document(
    PeopleViewSet,
    TAG,
    list=Call(
        "listPeople",
        "Find people",
        "Newest first. A text of three or more letters is looked for anywhere in names "
        "and emails.",
        parameters=[
            OpenApiParameter("page", {"type": "integer", "minimum": 1, "default": 1}),
            OpenApiParameter(
                "limit",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            ),
            OpenApiParameter(
                "search",
                {"type": "string", "maxLength": MAX_SEARCH},
                description="In name and email, however capitalised.",
            ),
            OpenApiParameter("role", {"enum": User.Role.values}),
            OpenApiParameter("status", {"enum": User.Status.values}),
        ],
        responses={
            200: answer("The page.", PeoplePageSerializer),
            400: invalid("limit", "give a number from 1 to 100"),
            403: FORBIDDEN,
        },
    ),
    retrieve=Call(
        "getPerson",
        "Look at a person",
        "With what they have, and every ban there was.",
        responses={
            200: answer("The person.", PersonInDetailSerializer),
            403: FORBIDDEN,
        },
    ),
    role=Call(
        "changeRole",
        "Give a role",
        "Counts from the person's next request on. Nobody changes their own, and the "
        "last admin stays one.",
        request=body(RoleSerializer, {"role": "admin"}),
        responses={
            200: answer("The person.", PersonSerializer),
            400: invalid("role", "give one of: user, admin"),
            403: FORBIDDEN,
            409: conflict(
                CannotChangeOwnRole, GuestCannotBeAdmin, BarredCannotBeAdmin, LastAdmin
            ),
        },
    ),
    ban=Call(
        "banPerson",
        "Ban a person",
        "At once: their sign-ins end. With `until` it is a suspension, which ends by "
        "itself. One that is in force is replaced.",
        request=body(NewBanSerializer, {"reason": "Violation of terms"}),
        responses={
            200: answer("The person.", PersonSerializer, BANNED),
            400: invalid("reason", "This field is required."),
            403: FORBIDDEN,
            409: BARRED,
        },
    ),
    unban=Call(
        "unbanPerson",
        "Lift a ban",
        "The person may come in again, and has to sign in for it. Who may come in "
        "anyway is left as they are.",
        request=body(UnbanSerializer, {"reason": "A misunderstanding"}),
        responses={
            200: answer("The person.", PersonSerializer),
            400: invalid("reason", "give text"),
            403: FORBIDDEN,
        },
    ),
    status=Call(
        "putStatus",
        "Ban, suspend or let in",
        "The same as banning and lifting, by the name of what comes of it. Here a "
        "reason may be left out, and a suspension has no end.",
        request=body(
            NewStatusSerializer,
            {"status": "suspended", "banReason": "Violation of terms"},
        ),
        responses={
            200: answer(
                "It is so.",
                MessageSerializer,
                {"message": "User status updated successfully"},
            ),
            400: invalid("status", "give one of: active, banned, suspended"),
            403: FORBIDDEN,
            409: BARRED,
        },
    ),
)
