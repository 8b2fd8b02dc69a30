from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.serializers import EmailField
from focusmaster.api.fields import (
    IdField,
    RFC3339Field,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
)
from moderation.models import Ban, Feedback
from moderation.models.bans import MAX_REASON
from moderation.models.feedback import MAX_CATEGORY, MAX_MESSAGE

# Other names of a status, which the web client sends.
SAME_STATUS = {"open": Feedback.Status.NEW}


class PersonSerializer(serializers.Serializer):
    """A person as staff see them."""

    _id = IdField(source="id")
    id = IdField()
    name = StrictCharField()
    email = StrictCharField()
    picture = StrictCharField()
    role = StrictChoiceField(User.Role.choices)
    status = StrictChoiceField(User.Status.choices)
    banReason = StrictCharField(source="ban_reason")
    bannedUntil = RFC3339Field(source="banned_until", allow_null=True)
    isGuest = StrictBooleanField(source="is_guest")
    points = RoundedIntegerField(source="progress.points")
    createdAt = RFC3339Field(source="created_at")
    updatedAt = RFC3339Field(source="updated_at")
    lastSeenAt = RFC3339Field(source="last_seen_at", allow_null=True)

    def to_representation(self, user: User) -> dict[str, Any]:
        """Show a suspension that has run out as what it is: over."""
        person = super().to_representation(user)
        if not user.is_barred():
            over = {"status": User.Status.ACTIVE, "banReason": "", "bannedUntil": None}
            person |= over
        return person


class BanSerializer(serializers.Serializer):
    """A ban or a suspension, as staff see it."""

    _id = IdField(source="id")
    status = StrictChoiceField(Ban._meta.get_field("status").choices or ())
    reason = StrictCharField()
    until = RFC3339Field(allow_null=True)
    author = serializers.SerializerMethodField()
    createdAt = RFC3339Field(source="created_at")
    inForce = StrictBooleanField(source="is_in_force")
    endedAt = RFC3339Field(source="ended_at", allow_null=True)
    liftedBy = serializers.SerializerMethodField()
    liftReason = StrictCharField(source="lift_reason")

    def get_author(self, ban: Ban) -> dict[str, Any] | None:
        return staff(ban.author, ban.operator)

    def get_liftedBy(self, ban: Ban) -> dict[str, Any] | None:
        return staff(ban.lifted_by, ban.lift_operator)


def staff(user: User | None, operator: str) -> dict[str, Any] | None:
    """Return the author of an act; None if there is none, or they are gone."""
    if user:
        return {"_id": user.pk, "name": user.name}
    return {"_id": None, "name": operator} if operator else None


class CountsSerializer(serializers.Serializer):
    """How much of each kind a person has."""

    sessions = RoundedIntegerField()
    tasks = RoundedIntegerField()
    workLogs = RoundedIntegerField()
    signIns = RoundedIntegerField()
    feedback = RoundedIntegerField()


class PersonInDetailSerializer(PersonSerializer):
    """A person with what they have, and their bans."""

    counts = CountsSerializer()
    bans = BanSerializer(many=True)


class PeoplePageSerializer(serializers.Serializer):
    """One page of people."""

    users = PersonSerializer(many=True)
    page = RoundedIntegerField()
    pages = RoundedIntegerField()
    total = RoundedIntegerField()


# A client may send the person back with its change.
OF_PEOPLE = [*PersonInDetailSerializer().fields]


class RoleSerializer(StrictSerializer):
    role = StrictChoiceField(User.Role.choices)

    class Meta:
        ignored = OF_PEOPLE


class ReasonField(StrictCharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_REASON, lines=True, **kwargs)


class NewBanSerializer(StrictSerializer):
    reason = ReasonField()
    until = RFC3339Field(required=False, allow_null=True)

    class Meta:
        ignored = OF_PEOPLE


class UnbanSerializer(StrictSerializer):
    reason = ReasonField(required=False, allow_blank=True)

    class Meta:
        ignored = OF_PEOPLE


class NewStatusSerializer(StrictSerializer):
    status = StrictChoiceField(User.Status.choices)
    banReason = ReasonField(source="reason", default="", allow_blank=True)

    class Meta:
        ignored = OF_PEOPLE


class AuditRecordSerializer(serializers.Serializer):
    """What a member of staff did."""

    _id = IdField(source="id")
    action = StrictCharField()
    actorId = IdField(source="actor_id", allow_null=True)
    actorName = StrictCharField(source="actor_name")
    targetId = IdField(source="target_id", allow_null=True)
    details = StrictCharField()
    metadata = serializers.DictField()
    ipAddress = StrictCharField(source="ip_address", allow_null=True)
    userAgent = StrictCharField(source="user_agent")
    createdAt = RFC3339Field(source="created_at")


class ErrorSerializer(serializers.Serializer):
    """A fault of ours, as it was met last."""

    _id = IdField(source="id")
    message = StrictCharField()
    path = StrictCharField()
    method = StrictCharField()
    statusCode = RoundedIntegerField(source="status_code")
    userId = IdField(source="user_id", allow_null=True)
    createdAt = RFC3339Field(source="last_seen_at")


class DeviceInfoSerializer(StrictSerializer):
    """What the client says of the device."""

    userAgent = StrictCharField(max_length=500, required=False, allow_blank=True)
    platform = StrictCharField(max_length=100, required=False, allow_blank=True)
    screenSize = StrictCharField(max_length=50, required=False, allow_blank=True)


class NewFeedbackSerializer(StrictSerializer):
    """Feedback, from who gives it."""

    _id = IdField(source="id", read_only=True)
    type = StrictChoiceField(Feedback.Type.choices, required=False)
    category = StrictCharField(
        max_length=MAX_CATEGORY, required=False, allow_blank=True
    )
    message = StrictCharField(max_length=MAX_MESSAGE, lines=True)
    status = StrictChoiceField(Feedback.Status.choices, read_only=True)
    createdAt = RFC3339Field(source="created_at", read_only=True)
    email = EmailField(required=False, allow_blank=True, write_only=True)
    deviceInfo = DeviceInfoSerializer(
        source="device_info", required=False, allow_null=True, write_only=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "type" not in attrs and attrs.get("category") in Feedback.Type.values:
            attrs["type"] = attrs["category"]
        return attrs


class SenderSerializer(serializers.Serializer):
    """Who gave feedback."""

    _id = IdField(source="id")
    name = StrictCharField()
    email = StrictCharField()


class FeedbackSerializer(serializers.Serializer):
    """Feedback, as staff see it."""

    _id = IdField(source="id")
    user = SenderSerializer(allow_null=True)
    type = StrictChoiceField(Feedback.Type.choices)
    category = StrictCharField()
    message = StrictCharField()
    email = StrictCharField()
    deviceInfo = serializers.DictField(source="device_info", allow_null=True)
    status = StrictChoiceField(Feedback.Status.choices)
    note = StrictCharField()
    createdAt = RFC3339Field(source="created_at")
    updatedAt = RFC3339Field(source="updated_at")


# A client may send the feedback back with its change.
OF_FEEDBACK = [*FeedbackSerializer().fields]


class FeedbackStatusSerializer(StrictSerializer):
    status = StrictChoiceField([*Feedback.Status.values, *SAME_STATUS])

    class Meta:
        ignored = OF_FEEDBACK

    def validate_status(self, choice: str) -> str:
        return SAME_STATUS.get(choice, choice)


class FeedbackNoteSerializer(StrictSerializer):
    note = StrictCharField(
        max_length=MAX_MESSAGE, allow_blank=True, trim_whitespace=False, lines=True
    )

    class Meta:
        ignored = OF_FEEDBACK


class NewReplySerializer(StrictSerializer):
    message = StrictCharField(max_length=MAX_MESSAGE, lines=True)


class ReplySerializer(serializers.Serializer):
    """A mail that answers feedback."""

    _id = IdField(source="id")
    message = StrictCharField()
    createdAt = RFC3339Field(source="created_at")
    sentAt = RFC3339Field(source="sent_at", allow_null=True)


class FeedbackInDetailSerializer(FeedbackSerializer):
    """Feedback with the replies to it."""

    replies = ReplySerializer(many=True)


class ExportedBanSerializer(serializers.Serializer):
    """A ban in the copy of a person's data."""

    _id = IdField(source="id")
    status = StrictChoiceField(Ban._meta.get_field("status").choices or ())
    reason = StrictCharField()
    until = RFC3339Field()
    createdAt = RFC3339Field(source="created_at")
    endedAt = RFC3339Field(source="ended_at")
    liftReason = StrictCharField(source="lift_reason")


class ExportedFeedbackSerializer(serializers.Serializer):
    """Feedback in the copy of a person's data."""

    _id = IdField(source="id")
    type = StrictChoiceField(Feedback.Type.choices)
    category = StrictCharField()
    message = StrictCharField()
    email = StrictCharField()
    deviceInfo = serializers.DictField(source="device_info")
    status = StrictChoiceField(Feedback.Status.choices)
    createdAt = RFC3339Field(source="created_at")
    updatedAt = RFC3339Field(source="updated_at")


class ExportedReplySerializer(serializers.Serializer):
    """A reply to feedback in the copy of a person's data."""

    _id = IdField(source="id")
    feedback = IdField(source="feedback_id")
    message = StrictCharField()
    createdAt = RFC3339Field(source="created_at")
    sentAt = RFC3339Field(source="sent_at", allow_null=True)
