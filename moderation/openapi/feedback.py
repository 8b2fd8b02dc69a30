from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from accounts.views.email_changes import MailFailed
from focusmaster.openapi.components import PAGE
from focusmaster.openapi.texts import (
    Call,
    answer,
    body,
    conflict,
    describe,
    document,
    invalid,
    refusal,
)
from moderation.exceptions import AddressRefused, NoAddress
from moderation.models import Feedback
from moderation.openapi.parts import FORBIDDEN, TAG
from moderation.serializers import (
    DeviceInfoSerializer,
    ExportedFeedbackSerializer,
    ExportedReplySerializer,
    FeedbackInDetailSerializer,
    FeedbackNoteSerializer,
    FeedbackReceiptSerializer,
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
THANKS = "Thank you for your feedback"
REPLY = {
    "_id": "65bd0f2cbcf86cd799439025",
    "message": "Thank you, it is mended.",
    "createdAt": "2026-02-03T09:00:00Z",
}
OF_FEEDBACK = {
    "user": "Null for who gave it without a token.",
    "email": "Given with it, and not confirmed.",
    "deviceInfo": {
        "description": "What the client said of the device.",
        "type": ["object", "null"],
    },
    "note": "Of staff for themselves.",
}

describe(
    NewFeedbackSerializer,
    "Feedback, from who gives it.",
    name="Feedback",
    given={
        "email": 'Where an answer may go; `""` for nowhere.',
        "type": {"default": Feedback.Type.GENERAL.value},
    },
)
describe(DeviceInfoSerializer, "What the client says of the device.", name="DeviceInfo")
describe(
    FeedbackReceiptSerializer,
    "The feedback is kept.",
    name="FeedbackReceipt",
    example={
        "success": True,
        "data": RECEIPT,
        "message": "Thank you for your feedback",
    },
)
describe(SenderSerializer, "Who gave feedback.", name="Sender")
describe(
    FeedbackSerializer,
    "Feedback, as staff see it.",
    name="FeedbackOnBoard",
    example=ROW,
    fields=OF_FEEDBACK,
)
describe(ReplySerializer, "A mail that was sent.", name="Reply", example=REPLY)
describe(
    FeedbackInDetailSerializer,
    "Feedback with the replies to it.",
    name="FeedbackInDetail",
    example=ROW | {"replies": [REPLY]},
    fields=OF_FEEDBACK,
)
describe(
    FeedbackStatusSerializer,
    "A status to give.",
    name="FeedbackStatusChange",
)
describe(FeedbackNoteSerializer, "A note of staff for themselves.", name="FeedbackNote")
describe(NewReplySerializer, "A mail to send.", name="NewReply")
describe(
    ExportedFeedbackSerializer,
    "Feedback of the person's.",
    name="ExportedFeedback",
    fields={"deviceInfo": OF_FEEDBACK["deviceInfo"]},
)
describe(
    ExportedReplySerializer, "What feedback was answered.", name="ExportedFeedbackReply"
)

document(
    FeedbackViewSet,
    "Feedback",
    create=Call(
        "giveFeedback",
        "Give feedback",
        "With or without a token; a bad token counts as none.",
        request=body(NewFeedbackSerializer, GIVEN),
        responses={
            201: answer("It is kept.", FeedbackReceiptSerializer),
            400: invalid("message", "give at least one character"),
        },
    ),
)
document(
    FeedbackBoardViewSet,
    TAG,
    list=Call(
        "listFeedback",
        "Read feedback",
        "Newest first.",
        parameters=[
            OpenApiParameter(
                "status",
                {"enum": [*Feedback.Status.values, "open"]},
                description="`open` is taken as `new`.",
            ),
            OpenApiParameter("type", {"enum": Feedback.Type.values}),
            *PAGE,
        ],
        responses={
            200: answer("The feedback.", FeedbackSerializer(many=True)),
            400: invalid("type", "give one of: bug, feature, general"),
            403: FORBIDDEN,
        },
    ),
    retrieve=Call(
        "getFeedback",
        "Look at feedback",
        "With the replies to it.",
        responses={
            200: answer("The feedback.", FeedbackInDetailSerializer),
            403: FORBIDDEN,
        },
    ),
    status=Call(
        "putFeedbackStatus",
        "Say how far feedback is",
        "`open` is taken as `new`.",
        request=body(FeedbackStatusSerializer, {"status": "in-progress"}),
        responses={
            200: answer("The feedback.", FeedbackSerializer),
            400: invalid(
                "status", "give one of: new, in-progress, resolved, closed, open"
            ),
            403: FORBIDDEN,
        },
    ),
    note=Call(
        "putFeedbackNote",
        "Note something on feedback",
        "For staff alone: who gave it never sees it.",
        request=body(FeedbackNoteSerializer, {"note": "Ask for a screenshot"}),
        responses={
            200: answer("The feedback.", FeedbackSerializer),
            400: invalid("note", "give text"),
            403: FORBIDDEN,
        },
    ),
    reply=Call(
        "replyToFeedback",
        "Answer feedback by mail",
        "To the address that was given with it, or else that of the account.",
        request=body(NewReplySerializer, {"message": REPLY["message"]}),
        responses={
            201: answer("The mail was sent.", ReplySerializer),
            400: invalid("message", "give at least one character"),
            403: FORBIDDEN,
            409: conflict(NoAddress, AddressRefused),
            503: refusal(
                "The mail or the database did not go.",
                mail_failed=MailFailed.default_detail,
                database_unavailable="The database does not answer. Try again in a "
                "moment.",
            ),
        },
    ),
)
