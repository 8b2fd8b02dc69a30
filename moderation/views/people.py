from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.models import User
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.models import Ban
from moderation.people_search import page_of_people, people_with
from moderation.permissions import IsAdmin
from moderation.query_params import choice_in, number_in, text_in
from moderation.roles import change_role
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


class PeopleViewSet(ApiViewSet):
    """All accounts, for staff to find, ban and give roles to."""

    permission_classes = (IsAdmin,)

    def list(self, request: ApiRequest) -> Response:
        query = request.query_params
        page = page_of_people(
            page=number_in(query, "page", 1, MOST_PAGE),
            limit=number_in(query, "limit", DEFAULT_LIMIT, MOST_LIMIT),
            search=text_in(query, "search"),
            role=choice_in(query, "role", User.Role.values),
            status=choice_in(query, "status", User.Status.values),
        )
        return Response(PeoplePageSerializer(page).data)

    def retrieve(self, request: ApiRequest, pk: str) -> Response:
        user: Any = person(pk)
        user.counts = {
            "sessions": user.sessions.count(),
            "tasks": user.tasks.count(),
            "workLogs": user.work_logs.count(),
            "signIns": user.sign_ins.live().count(),
            "feedback": user.feedback.count(),
        }
        bans = Ban.objects.select_related("author", "lifted_by")
        prefetch_related_objects([user], Prefetch("bans", bans))
        return Response(PersonInDetailSerializer(user).data)

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


def person(pk: str) -> User:
    users = people_with([pk])
    if not users:
        raise RowNotFound
    return users[0]
