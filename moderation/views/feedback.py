from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.http import FileResponse, HttpResponse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts import mail
from accounts.authentication import OptionalTokenAuthentication
from accounts.exceptions import MailFailed
from focusmaster.api.query_params import PAGE, Choice
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, json_response, list_response
from focusmaster.api.viewsets import ApiViewSet, ConditionalWrites
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.exceptions import AddressRefused
from moderation.models import Feedback
from moderation.permissions import IsAdmin
from moderation.serializers import (
    SAME_STATUS,
    FeedbackInDetailSerializer,
    FeedbackNoteSerializer,
    FeedbackSerializer,
    FeedbackStatusSerializer,
    NewFeedbackSerializer,
    NewReplySerializer,
    ReplySerializer,
)

ORDER = ("-created_at", "-id")
ROWS = JSONRows(Feedback, FeedbackSerializer, order=ORDER)


class FeedbackViewSet(ApiViewSet):
    """Feedback, with or without a token."""

    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)
    serializer_class = NewFeedbackSerializer

    def create(self, request: ApiRequest) -> Response:
        row = Feedback.objects.create(user=request.user, **self.validated())
        row.refresh_from_db(fields=["created_at"])  # With the precision of the column.
        receipt = {
            "success": True,
            "data": self.get_serializer(row).data,
            "message": "Thank you for your feedback",
        }
        return Response(receipt, status=status.HTTP_201_CREATED)


class FeedbackBoardViewSet(ConditionalWrites):
    """All feedback, for staff to deal with."""

    permission_classes = (IsAdmin,)
    conditional_actions = frozenset(["status", "note"])
    parameters = (
        Choice(
            "status",
            [*Feedback.Status.values, *SAME_STATUS],
            "`open` is taken as `new`.",
            many=True,
            blank=True,
        ),
        Choice("type", Feedback.Type, many=True, blank=True),
        *PAGE,
    )

    def list(self, request: ApiRequest) -> HttpResponse | FileResponse:
        query = request.query
        if "status" in query:
            query["status"] = [SAME_STATUS.get(one, one) for one in query["status"]]
        lookups = query.lookups(status="status", type="type")
        return list_response(request, ROWS, ORDER, lookups)

    def retrieve(self, request: ApiRequest, pk: str) -> HttpResponse:
        row = Feedback.objects.select_related("user").with_id(pk)
        return json_response(FeedbackInDetailSerializer(row).data)

    def lock(self, **mode: Any) -> None:
        Feedback.objects.select_for_update().with_id(self.kwargs["pk"])

    @action(detail=True, methods=["put"], serializer_class=FeedbackStatusSerializer)
    def status(self, request: ApiRequest, pk: str) -> JSONResponse:
        return self._change(Feedback.objects.change_status, pk)

    @action(detail=True, methods=["put"], serializer_class=FeedbackNoteSerializer)
    def note(self, request: ApiRequest, pk: str) -> JSONResponse:
        return self._change(Feedback.objects.change_note, pk)

    @action(
        detail=True,
        methods=["post"],
        serializer_class=NewReplySerializer,
        is_atomic=False,
    )
    def reply(self, request: ApiRequest, pk: str) -> Response:
        fields = self.validated()
        try:
            reply = Feedback.objects.reply(pk, **fields, by=Actor.of_request(request))
        except SMTPRecipientsRefused:
            raise AddressRefused from None
        except OSError as exc:
            mail.log_failure(exc)
            raise MailFailed from None
        return Response(ReplySerializer(reply).data, status=status.HTTP_201_CREATED)

    def _change(self, verb: Callable[..., Feedback], pk: str) -> JSONResponse:
        verb(pk, **self.validated(), by=Actor.of_request(self.request))
        text = ROWS.get(pk=pk)
        if text is None:
            raise RowNotFound
        return JSONResponse(text)
