from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.http import Http404, HttpResponse
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import mail
from accounts.authentication import OptionalTokenAuthentication
from accounts.views.email_changes import MailFailed
from focusmaster.api.responses import JSONResponse, list_response
from focusmaster.db.json_rows import JSONRows
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
from moderation.views.people import word_in

ORDER = ("-created_at", "-id")

ROWS = JSONRows(Feedback, FeedbackSerializer, order=ORDER)


class FeedbackViewSet(viewsets.GenericViewSet):
    """Feedback, from anybody."""

    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)
    serializer_class = NewFeedbackSerializer

    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        row = Feedback.objects.create(user=request.user, **serializer.validated_data)
        row.refresh_from_db(fields=["created_at"])  # As precise as it is kept.

        receipt = {
            "success": True,
            "data": self.get_serializer(row).data,
            "message": "Thank you for your feedback",
        }
        return Response(receipt, status=status.HTTP_201_CREATED)


class FeedbackBoardViewSet(viewsets.GenericViewSet):
    """Everybody's feedback, for staff to deal with."""

    permission_classes = (IsAdmin,)

    def list(self, request: Request) -> HttpResponse:
        query = request.query_params
        words = [*Feedback.Status.values, *SAME_STATUS]
        given = word_in(query, "status", words)
        wanted: dict[str, Any] = {
            "status": SAME_STATUS.get(given, given),
            "type": word_in(query, "type", Feedback.Type.values),
        }
        wanted = {name: word for name, word in wanted.items() if word}
        return list_response(request, ROWS, ORDER, wanted)

    def retrieve(self, request: Request, pk: str) -> Response:
        row = Feedback.objects.select_related("user").filter(pk=pk).first()
        if row is None:
            raise Http404
        return Response(FeedbackInDetailSerializer(row).data)

    @action(detail=True, methods=["put"], serializer_class=FeedbackStatusSerializer)
    def status(self, request: Request, pk: str) -> JSONResponse:
        return self._change(Feedback.objects.change_status, pk)

    @action(detail=True, methods=["put"], serializer_class=FeedbackNoteSerializer)
    def note(self, request: Request, pk: str) -> JSONResponse:
        return self._change(Feedback.objects.change_note, pk)

    @action(detail=True, methods=["post"], serializer_class=NewReplySerializer)
    def reply(self, request: Request, pk: str) -> Response:
        given = self._given()
        try:
            reply = Feedback.objects.reply(pk, **given, by=Actor.of_request(request))
        except SMTPRecipientsRefused:
            raise AddressRefused from None
        except OSError as exc:
            mail.log_failure(exc)
            raise MailFailed from None
        reply.refresh_from_db(fields=["created_at"])
        return Response(ReplySerializer(reply).data, status=status.HTTP_201_CREATED)

    def _change(self, verb: Callable[..., Feedback], pk: str) -> JSONResponse:
        verb(pk, **self._given(), by=Actor.of_request(self.request))
        return JSONResponse(ROWS.get(pk=pk))

    def _given(self) -> dict[str, Any]:
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
