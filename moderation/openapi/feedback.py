from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from accounts.exceptions import MailFailed, MailNotConfigured
from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.openapi.errors import (
    conflict_response,
    error_response,
    invalid_response,
)
from focusmaster.openapi.texts import (
    extend_view,
    field_texts,
    request_body,
    request_texts,
    response_example,
)
from moderation.exceptions import AddressRefused, NoAddress
from moderation.models import Feedback
from moderation.serializers import (
    DeviceInfoSerializer,
    ExportedFeedbackSerializer,
    ExportedReplySerializer,
    FeedbackInDetailSerializer,
    FeedbackNoteSerializer,
    FeedbackSerializer,
    FeedbackStatusSerializer,
    NewFeedbackSerializer,
    NewReplySerializer,
    ReplySerializer,
    SenderSerializer,
)
from moderation.views import FeedbackBoardViewSet, FeedbackViewSet

GIVEN = {"type": "bug", "message": "Found an issue with the timer", "category": "timer"}
DEVICE = {"userAgent": "Mozilla/5.0", "platform": "Linux", "screenSize": "1920x1080"}
RECEIPT = {
    "_id": "65bd0f2cbcf86cd799439024",
    **GIVEN,
    "status": "new",
    "createdAt": "2026-02-02T10:30:00Z",
}
ROW = RECEIPT | {
    "user": {
        "_id": "507f1f77bcf86cd799439011",
        "name": "John Doe",
        "email": "john@example.com",
    },
    "email": "",
    "deviceInfo": DEVICE,
    "note": "",
    "updatedAt": "2026-02-02T10:30:00Z",
}
REPLY = {
    "_id": "65bd0f2cbcf86cd799439025",
    "message": "Thank you, it is mended.",
    "createdAt": "2026-02-03T09:00:00Z",
    "sentAt": "2026-02-03T09:00:01Z",
}
SENT_AT = "When the mail left; null for one that could not be sent."
OF_FEEDBACK: dict[str, Any] = {
    "user": "Null for who gave it without a token.",
    "email": "Given with it, and not confirmed.",
    "deviceInfo": {
        "description": "What the client said of the device.",
        "type": ["object", "null"],
    },
    "note": "Of staff for themselves.",
}


@extend_schema_serializer(
    description="The feedback is kept.",
    examples=response_example(
        success=True, data=RECEIPT, message="Thank you for your feedback"
    ),
)
class FeedbackReceiptSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    data = NewFeedbackSerializer()  # type: ignore[assignment]  # as it is published
    message = serializers.CharField()


extend_schema_serializer(
    description="Feedback, from who gives it.",
    component_name="Feedback",
    extensions=request_texts(
        email='Where an answer may go; `""` for nowhere.',
        type={"default": Feedback.Type.GENERAL.value},
    ),
)(NewFeedbackSerializer)
extend_schema_serializer(
    description="Feedback, as staff see it.",
    component_name="FeedbackOnBoard",
    examples=response_example(**ROW),
    extensions=field_texts(**OF_FEEDBACK),
)(FeedbackSerializer)
extend_schema_serializer(
    description="A mail that answers feedback.",
    examples=response_example(**REPLY),
    extensions=field_texts(sentAt=SENT_AT),
)(ReplySerializer)
extend_schema_serializer(
    description="Feedback with the replies to it.",
    component_name="FeedbackInDetail",
    examples=response_example(**ROW, replies=[REPLY]),
    extensions=field_texts(**OF_FEEDBACK),
)(FeedbackInDetailSerializer)
extend_schema_serializer(
    description="A status to give.", component_name="FeedbackStatusChange"
)(FeedbackStatusSerializer)
extend_schema_serializer(
    description="Feedback of the person's.",
    extensions=field_texts(deviceInfo=OF_FEEDBACK["deviceInfo"]),
)(ExportedFeedbackSerializer)
extend_schema_serializer(
    description="What feedback was answered.",
    component_name="ExportedFeedbackReply",
    extensions=field_texts(sentAt=SENT_AT),
)(ExportedReplySerializer)

for serializer, description in {
    DeviceInfoSerializer: "What the client says of the device.",
    SenderSerializer: "Who gave feedback.",
    FeedbackNoteSerializer: "A note of staff for themselves.",
    NewReplySerializer: "A mail to send.",
}.items():
    extend_schema_serializer(description=description)(serializer)

extend_view(
    FeedbackViewSet,
    create=extend_schema(
        operation_id="giveFeedback",
        summary="Give feedback",
        description="With or without a token; a bad token counts as none.",
        request=request_body(NewFeedbackSerializer, **GIVEN),
        responses={
            201: OpenApiResponse(FeedbackReceiptSerializer, "It is kept."),
            400: invalid_response("message", "give at least one character"),
        },
    ),
)
extend_view(
    FeedbackBoardViewSet,
    list=extend_schema(
        operation_id="listFeedback",
        summary="Read feedback",
        description="Newest first.",
        responses={
            200: OpenApiResponse(FeedbackSerializer(many=True), "The feedback."),
            400: invalid_response("type", "give one of: bug, feature, general"),
        },
    ),
    retrieve=extend_schema(
        operation_id="getFeedback",
        summary="Look at feedback",
        description="With the replies to it.",
        responses={200: OpenApiResponse(FeedbackInDetailSerializer, "The feedback.")},
    ),
    status=extend_schema(
        operation_id="putFeedbackStatus",
        summary="Say how far feedback is",
        description="`open` is taken as `new`.",
        request=request_body(FeedbackStatusSerializer, status="in-progress"),
        responses={
            200: OpenApiResponse(FeedbackSerializer, "The feedback."),
            400: invalid_response(
                "status", "give one of: new, in-progress, resolved, closed, open"
            ),
        },
    ),
    note=extend_schema(
        operation_id="putFeedbackNote",
        summary="Note something on feedback",
        description="For staff alone: who gave it never sees it.",
        request=request_body(FeedbackNoteSerializer, note="Ask for a screenshot"),
        responses={
            200: OpenApiResponse(FeedbackSerializer, "The feedback."),
            400: invalid_response("note", "give text"),
        },
    ),
    reply=extend_schema(
        operation_id="replyToFeedback",
        summary="Answer feedback by mail",
        description="To the address that was given with it, or else that of the "
        "account. A reply that could not be sent is kept, and sent again with the next "
        "request that has its text.",
        request=request_body(NewReplySerializer, message=REPLY["message"]),
        responses={
            201: OpenApiResponse(ReplySerializer, "The mail was sent."),
            400: invalid_response("message", "give at least one character"),
            409: conflict_response(NoAddress, AddressRefused),
            503: error_response(
                "Mail is not set up, or it or the database did not go.",
                MailFailed,
                MailNotConfigured,
                DatabaseUnavailable,
            ),
        },
    ),
)
