from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.models import User
from focusmaster.api.query_params import Choice, Number, Text
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import json_response
from focusmaster.api.viewsets import ConditionalWrites
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.models import Ban
from moderation.people_search import page_of_people, people_with
from moderation.permissions import IsAdmin
from moderation.roles import change_role, lock_with_admins
from moderation.serializers import (
    NewBanSerializer,
    NewStatusSerializer,
    PeoplePageSerializer,
    PersonInDetailSerializer,
    PersonSerializer,
    RoleSerializer,
    UnbanSerializer,
)

DEFAULT_LIMIT = 10
MOST_LIMIT = 100
# More pages than there can be people.
MOST_PAGE = 10**8
MAX_SEARCH = 254


class PeopleViewSet(ConditionalWrites):
    """All accounts, for staff to find, ban and give roles to."""

    permission_classes = (IsAdmin,)
    conditional_actions = frozenset(["role", "ban", "unban", "status"])
    parameters = (
        Number("page", "", minimum=1, maximum=MOST_PAGE, default=1),
        Number("limit", "", minimum=1, maximum=MOST_LIMIT, default=DEFAULT_LIMIT),
        Text(
            "search",
            "In name and email, without regard to case and accents.",
            max_length=MAX_SEARCH,
            lines=True,
        ),
        Choice("role", User.Role, many=True, blank=True),
        Choice("status", User.Status, many=True, blank=True),
    )

    def list(self, request: ApiRequest) -> Response:
        page = page_of_people(**request.query)
        return Response(PeoplePageSerializer(page).data)

    def retrieve(self, request: ApiRequest, pk: str) -> HttpResponse:
        user: Any = named_person(pk)
        user.counts = {
            "sessions": user.sessions.count(),
            "tasks": user.tasks.count(),
            "workLogs": user.work_logs.count(),
            "signIns": user.sign_ins.live().count(),
            "feedback": user.feedback.count(),
        }
        bans = Ban.objects.select_related("author", "lifted_by")
        prefetch_related_objects([user], Prefetch("bans", bans))
        return json_response(PersonInDetailSerializer(user).data)

    def lock(self, **mode: Any) -> None:
        lock_with_admins([self.kwargs["pk"]])

    @action(detail=True, methods=["patch"], serializer_class=RoleSerializer)
    def role(self, request: ApiRequest, pk: str) -> Response:
        return self._act(pk, change_role)

    @action(detail=True, methods=["patch"], serializer_class=NewBanSerializer)
    def ban(self, request: ApiRequest, pk: str) -> Response:
        return self._act(pk, Ban.objects.impose)

    @action(detail=True, methods=["patch"], serializer_class=UnbanSerializer)
    def unban(self, request: ApiRequest, pk: str) -> Response:
        return self._act(pk, Ban.objects.lift)

    @action(detail=True, methods=["put"], serializer_class=NewStatusSerializer)
    def status(self, request: ApiRequest, pk: str) -> Response:
        fields = self.validated()
        verb: Callable[..., User] = Ban.objects.impose
        if fields["status"] == User.Status.ACTIVE:
            verb = Ban.objects.lift
            del fields["status"]
        verb(user_id=pk, by=Actor.of_request(request), **fields)
        return Response({"message": "User status updated successfully"})

    def _act(self, pk: str, verb: Callable[..., User]) -> Response:
        """Call a verb with the fields of the body; return the person."""
        verb(user_id=pk, by=Actor.of_request(self.request), **self.validated())
        return Response(PersonSerializer(person(pk)).data)


def named_person(name: str) -> User:
    """Return whom logs and errors call so: for all but guests, it is the id."""
    if people := people_with([name]):
        return people[0]
    named = User.objects.named_in_logs(name).values_list("pk", flat=True)
    return person(named.first() or name)


def person(pk: str) -> User:
    users = people_with([pk])
    if not users:
        raise RowNotFound
    return users[0]
