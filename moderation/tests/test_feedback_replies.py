"""Replies to feedback: recorded, then mailed, then recorded as sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import override_settings

from accounts.models import User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.people import client_of
from focusmaster.tests.processes import free_port
from moderation.actors import Actor
from moderation.models import AuditRecord, Feedback, FeedbackReply

BOARD = "/api/admin/feedback"


def given(user: User | None = None, **fields) -> Feedback:
    return Feedback.objects.create(user=user, **{"message": "Hello"} | fields)


def test_reply_goes_by_mail_and_is_kept(staff, alice, moderator, mailbox):
    row = given(alice)

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Mended.\nThanks!"})

    assert response.status_code == 201
    mail = mailbox.next()
    assert mail.recipients == ["alice@example.com"]
    assert mail.get_content().replace("\r\n", "\n") == "Mended.\nThanks!\n"
    reply = FeedbackReply.objects.get()
    assert (reply.feedback, reply.author) == (row, moderator)
    shown = staff.get(f"{BOARD}/{row.pk}").json()
    assert shown["replies"] == [response.json()]
    assert response.json() == {
        "_id": reply.pk,
        "message": "Mended.\nThanks!",
        "createdAt": format_instant(reply.created_at),
        "sentAt": format_instant(reply.sent_at),
    }
    record = AuditRecord.objects.get()
    assert (record.action, record.metadata) == (
        "feedback.replied",
        {"replyId": reply.pk},
    )


def test_reply_goes_where_it_was_asked_for(staff, alice, mailbox):
    row = given(alice, email="elsewhere@example.com")

    staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    assert mailbox.next().recipients == ["elsewhere@example.com"]


def test_reply_needs_an_address(staff, mailbox):
    row = given(User.objects.add_guest())

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    assert response.status_code == 409
    assert response.json()["code"] == "no_address"
    assert mailbox.is_empty()
    assert not AuditRecord.objects.exists()


def test_reply_goes_to_the_domain_in_ascii(staff, mailbox):
    row = given(email="ada@stra\u00dfe.example")

    assert staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Hi"}).status_code == 201
    assert mailbox.next().recipients == ["ada@xn--strae-oqa.example"]


@pytest.mark.parametrize(
    "email", ["x@\u05d0a.com", "\u212aelvin@example.com", "x@a..b"]
)
def test_address_from_before_they_were_checked_is_refused(staff, mailbox, email):
    row = given(email=email)

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    assert (response.status_code, response.json()["code"]) == (409, "address_refused")
    assert mailbox.is_empty()
    assert not FeedbackReply.objects.exists()


def test_reply_to_an_address_that_is_refused_is_kept_as_not_sent(staff, mailbox):
    row = given(email="gone@example.com")
    mailbox.refused.add("gone@example.com")

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    assert response.status_code == 409
    assert response.json()["code"] == "address_refused"
    (reply,) = staff.get(f"{BOARD}/{row.pk}").json()["replies"]
    assert (reply["message"], reply["sentAt"]) == ("Thanks", None)


def fail_to_reply(staff, row: Feedback, message: str, **headers: str):
    """Reply while the mail server is down; return the response."""
    with override_settings(EMAIL_PORT=free_port()):
        return staff.post(f"{BOARD}/{row.pk}/reply", {"message": message}, **headers)


def test_reply_is_kept_as_not_sent_while_the_mail_server_is_down(staff, mailbox):
    row = given(email="someone@example.com")

    response = fail_to_reply(staff, row, "Thanks")

    assert response.status_code == 503
    assert response.json()["code"] == "mail_failed"
    assert int(response["Retry-After"]) >= 1
    (reply,) = staff.get(f"{BOARD}/{row.pk}").json()["replies"]
    assert (reply["message"], reply["sentAt"]) == ("Thanks", None)
    assert AuditRecord.objects.get().action == "feedback.replied"


@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
def test_reply_that_was_not_sent_is_sent_again(staff, mailbox, headers):
    row = given(email="someone@example.com")
    fail_to_reply(staff, row, "Thanks", **headers)

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"}, **headers)

    assert response.status_code == 201
    assert mailbox.next().get_content().strip() == "Thanks"
    assert mailbox.is_empty()
    assert FeedbackReply.objects.get().sent_at is not None
    assert [one.details for one in AuditRecord.objects.order_by("position")] == [
        "Replied by mail",
        "Sent a reply again",
    ]


def test_reply_that_was_sent_is_not_taken_for_a_new_one(staff, mailbox):
    row = given(email="someone@example.com")
    fail_to_reply(staff, row, "Other")

    for _ in range(2):
        staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    shown = staff.get(f"{BOARD}/{row.pk}").json()["replies"]
    assert [(one["message"], one["sentAt"] is None) for one in shown] == [
        ("Other", True),
        ("Thanks", False),
        ("Thanks", False),
    ]


REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON moderation_feedbackreply
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_at_commit()
"""


@pytest.fixture
def commits_fail(transactional_db) -> Iterator[None]:
    """Have the commit of a reply fail, when all of its statements have succeeded."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_AT_COMMIT)
        yield
        cursor.execute("DROP FUNCTION refuse_at_commit CASCADE")


@pytest.mark.usefixtures("commits_fail")
@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
def test_reply_that_cannot_be_recorded_is_not_mailed(moderator, mailbox, headers):
    row = given(email="someone@example.com")
    staff = client_of(moderator)
    staff.raise_request_exception = False

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"}, **headers)

    assert response.status_code == 500
    assert mailbox.is_empty()
    assert not FeedbackReply.objects.exists()


def test_reply_in_a_transaction_is_refused(moderator, mailbox):
    row = given(email="someone@example.com")

    with transaction.atomic(), pytest.raises(RuntimeError):
        Feedback.objects.reply(row.pk, "Thanks", by=Actor(None, "operator"))

    assert mailbox.is_empty()


def test_reply_is_not_noted_where_mail_is_not_set_up(staff, settings):
    settings.CAN_SEND_MAIL = False
    row = given(email="someone@example.com")

    response = staff.post(f"{BOARD}/{row.pk}/reply", {"message": "Thanks"})

    assert response.status_code == 503
    assert response.json()["code"] == "mail_not_configured"
    assert not FeedbackReply.objects.exists()
    assert not AuditRecord.objects.exists()
