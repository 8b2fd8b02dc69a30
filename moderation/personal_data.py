"""The personal data that moderation stores.

The audit log is evidence and stays, with the ids of people who are gone. Their names,
addresses and what was said about them are personal details, which are deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Lower

from focusmaster.personal_data import PersonalDataEntry, Section
from moderation.models import (
    AuditEntry,
    AuditPersonalDetails,
    Ban,
    ErrorGroup,
    ErrorOccurrence,
    Feedback,
    FeedbackReply,
)
from moderation.serializers import (
    ExportedBanSerializer,
    ExportedFeedbackSerializer,
    ExportedReplySerializer,
)

if TYPE_CHECKING:
    from accounts.models import User


def forget_personal_details(user: User) -> None:
    AuditPersonalDetails.objects.filter(person_id=user.pk).delete()


def forget_address(user: User) -> None:
    """Remove the person's email from feedback that was sent without a token."""
    if user.email:
        anonymous = Feedback.objects.filter(user=None).exclude(email="")
        mine = anonymous.alias(key=Lower("email")).filter(key=user.email.lower())
        mine.update(email="")


STAFF = "Who of staff it was is about them."
ID_ALONE = "Evidence of what staff did; of the person it has the id alone."
CRASHED = "That a request crashed, for 30 days; of the person it has the id alone."

PERSONAL_DATA = [
    PersonalDataEntry(
        Ban,
        sections=[Section("bans", ExportedBanSerializer)],
        excluded_columns={
            "author_id": STAFF,
            "operator": STAFF,
            "lifted_by_id": STAFF,
            "lift_operator": STAFF,
        },
    ),
    PersonalDataEntry(
        Ban,
        path="author",
        excluded="A ban is about who was banned.",
        retained_because="The history of the banned, without who banned them.",
    ),
    PersonalDataEntry(
        Ban,
        path="lifted_by",
        excluded="A ban is about who was banned.",
        retained_because="The history of the banned, without who lifted the ban.",
    ),
    PersonalDataEntry(
        Feedback,
        sections=[Section("feedback", ExportedFeedbackSerializer)],
        excluded_columns={"note": "What staff note for themselves."},
        erase=forget_address,
    ),
    PersonalDataEntry(
        FeedbackReply,
        path="feedback__user",
        sections=[Section("feedbackReplies", ExportedReplySerializer)],
        excluded_columns={"author_id": STAFF},
    ),
    PersonalDataEntry(
        FeedbackReply,
        path="author",
        excluded="A mail to somebody else.",
        retained_because="What others were answered, without who answered.",
    ),
    PersonalDataEntry(
        AuditEntry, path="actor_id", excluded=ID_ALONE, retained_because=ID_ALONE
    ),
    PersonalDataEntry(
        AuditEntry, path="target_id", excluded=ID_ALONE, retained_because=ID_ALONE
    ),
    PersonalDataEntry(
        AuditPersonalDetails,
        path="person_id",
        excluded="What the audit log says of a person beside the id.",
        erase=forget_personal_details,
    ),
    PersonalDataEntry(
        ErrorGroup, path="user_id", excluded=CRASHED, retained_because=CRASHED
    ),
    PersonalDataEntry(
        ErrorOccurrence, path="user_id", excluded=CRASHED, retained_because=CRASHED
    ),
]
