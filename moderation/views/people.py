from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.models import User
from focusmaster.exceptions import InvalidValue
from moderation.actors import Actor
from moderation.models import Ban
from moderation.people_search import page_of_people, people_with
from moderation.permissions import IsAdmin
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
# A page further down begins after more people than there can be.
MOST_PAGE = 10**8
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
MAX_SEARCH = 254


class PeopleViewSet(viewsets.GenericViewSet):
    """Everybody's accounts, for staff to find, ban and give roles to."""

    permission_classes = (IsAdmin,)

    def list(self, request: Request) -> Response:
        query = request.query_params
        page = page_of_people(
            page=number_in(query, "page", 1, MOST_PAGE),
            limit=number_in(query, "limit", DEFAULT_LIMIT, MOST_LIMIT),
            search=text_in(query, "search"),
            role=word_in(query, "role", User.Role.values),
            status=word_in(query, "status", User.Status.values),
        )
        return Response(PeoplePageSerializer(page).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        user = person(pk)
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
    def role(self, request: Request, pk: str) -> Response:
        return self._act(pk, change_role)

    @action(detail=True, methods=["patch"], serializer_class=NewBanSerializer)
    def ban(self, request: Request, pk: str) -> Response:
        return self._act(pk, Ban.objects.impose)

    @action(detail=True, methods=["patch"], serializer_class=UnbanSerializer)
    def unban(self, request: Request, pk: str) -> Response:
        return self._act(pk, Ban.objects.lift)

    @action(detail=True, methods=["put"], serializer_class=NewStatusSerializer)
    def status(self, request: Request, pk: str) -> Response:
        given = self._given()
        verb: Callable[..., User] = Ban.objects.impose
        if given["status"] == User.Status.ACTIVE:
            verb = Ban.objects.lift
            del given["status"]
        verb(user_id=pk, by=Actor.of_request(request), **given)
        return Response({"message": "User status updated successfully"})

    def _act(self, pk: str, verb: Callable[..., User]) -> Response:
        """Call a verb with what the request gives; answer with the person."""
        verb(user_id=pk, by=Actor.of_request(self.request), **self._given())
        return Response(PersonSerializer(person(pk)).data)

    def _given(self) -> dict[str, Any]:
        serializer: Serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


def person(pk: str) -> User:
    users = people_with([pk])
    if not users:
        raise Http404
    return users[0]


def number_in(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if NUMBER.fullmatch(text) and 1 <= int(text) <= most:
        return int(text)
    raise InvalidValue(name, f"give a number from 1 to {most}")


def word_in(query: Mapping[str, str], name: str, words: list[str]) -> str:
    """Return one of the words; "" without one, which clients send for any."""
    text = query.get(name, "")
    if text and text not in words:
        raise InvalidValue(name, f"give one of: {', '.join(words)}")
    return text


def text_in(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if len(text) > MAX_SEARCH or "\0" in text:
        raise InvalidValue(name, f"give at most {MAX_SEARCH} characters")
    return text
