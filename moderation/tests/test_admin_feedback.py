"""The feedback board: status and note are changed there, and replies are mailed."""

from __future__ import annotations

import pytest
from django.test import Client

from focusmaster.tests.concurrency import run_during
from moderation.actors import Actor
from moderation.models import AuditEntry, AuditRecord, Feedback
from moderation.tests.browser import listed, messages_on, text_of

BOARD = "/admin/moderation/feedback/"
ME = Actor(None, "operator")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def triage(pages: Client, row: Feedback, shown: Feedback | None = None, **given: str):
    """Send the form of the page, as it was shown but for what is given."""
    shown = shown or row
    form = {"status": shown.status, "note": shown.note}
    hidden = {f"initial-{name}": value for name, value in form.items()}
    inline = {"replies-TOTAL_FORMS": "0", "replies-INITIAL_FORMS": "0"}
    return pages.post(f"{BOARD}{row.pk}/change/", form | hidden | inline | given)


def test_feedback_is_shown_with_the_device(pages, alice):
    device = {"userAgent": FIREFOX, "platform": "Linux", "screenSize": "800x600"}
    row = Feedback.objects.create(user=alice, message="Hello", device_info=device)

    page = text_of(pages.get(f"{BOARD}{row.pk}/change/"))

    for part in ("Firefox on Linux", "Screen: 800x600", alice.email):
        assert part in page


def test_feedback_is_sorted_and_noted_with_an_entry_for_each(pages, moderator, row):
    page = triage(pages, row, status="in-progress", note="Ask Bob")

    assert page.status_code == 302
    row.refresh_from_db()
    assert (row.status, row.note) == ("in-progress", "Ask Bob")
    entries = AuditRecord.objects.order_by("position")
    assert [(one.action, one.actor_id) for one in entries] == [
        ("feedback.status_changed", moderator.pk),
        ("feedback.note_changed", moderator.pk),
    ]


def test_saving_without_a_change_is_no_act(pages, row):
    assert triage(pages, row).status_code == 302
    assert not AuditEntry.objects.exists()


def test_message_is_not_changed(pages, row):
    triage(pages, row, message="Nothing", status="closed")

    row.refresh_from_db()
    assert (row.message, row.status) == ("It stops.\nWhy?", "closed")


def test_note_does_not_take_back_a_status_that_another_has_set(pages, row):
    shown = Feedback.objects.get()
    Feedback.objects.change_status(row.pk, "resolved", by=ME)

    page = triage(pages, row, shown, note="Look")

    assert page.status_code == 302
    row.refresh_from_db()
    assert (row.status, row.note) == ("resolved", "Look")


def test_note_that_another_has_written_is_not_lost(pages, row):
    shown = Feedback.objects.get()
    Feedback.objects.change_note(row.pk, "Theirs", by=ME)

    page = triage(pages, row, shown, note="Mine")

    assert "Somebody changed this meanwhile, to: Theirs" in text_of(page)
    assert "Mine" in text_of(page)
    row.refresh_from_db()
    assert row.note == "Theirs"


@pytest.mark.parametrize(
    "given", [{"status": "odd"}, {"status": ""}, {"note": "x" * 4001}]
)
def test_wrong_triage_changes_nothing(pages, row, given):
    page = triage(pages, row, **given)

    assert page.context["adminform"].form.errors
    row.refresh_from_db()
    assert (row.status, row.note) == ("new", "")


def test_chosen_feedback_is_closed(pages, row):
    other = Feedback.objects.create(message="Hello")
    chosen = {"action": "mark_closed", "_selected_action": [row.pk, other.pk]}

    page = pages.post(BOARD, chosen, follow=True)

    assert messages_on(page) == ["Now closed: 2."]
    assert not Feedback.objects.exclude(status="closed").exists()
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"to_do": "open"}, {"alice", "bob"}),
        ({"to_do": "closed"}, {"nobody"}),
        ({"type__exact": "bug"}, {"bob"}),
        ({"q": "ali"}, {"alice"}),
        ({"q": "Nobody@Example.com"}, {"nobody"}),
        ({"q": "nobody"}, set()),
    ],
)
def test_feedback_is_found(pages, alice, bob, query, found):
    Feedback.objects.create(user=alice, message="alice")
    Feedback.objects.create(user=bob, message="bob", type="bug", status="in-progress")
    address = "nobody@example.com"
    Feedback.objects.create(email=address, message="nobody", status="closed")

    assert {row.message for row in listed(pages, BOARD, **query)} == found


def test_reply_is_mailed_and_kept(pages, moderator, alice, row, mailbox):
    page = pages.post(f"{BOARD}{row.pk}/reply/", {"message": "It is mended."})

    assert page.status_code == 302
    sent = mailbox.next()
    assert sent.recipients == [alice.email]
    assert sent.get_content().strip() == "It is mended."
    reply = row.replies.get()
    assert (reply.author, reply.message) == (moderator, "It is mended.")
    assert AuditEntry.objects.get().action == "feedback.replied"
    assert "It is mended." in text_of(pages.get(f"{BOARD}{row.pk}/change/"))


def not_sent(pages: Client, row: Feedback) -> str:
    """Send a reply in vain; return the page, which has it for another attempt."""
    page = text_of(pages.post(f"{BOARD}{row.pk}/reply/", {"message": "It is mended."}))

    assert "It is mended." in page
    assert not row.replies.exclude(sent_at=None).exists()
    return page


@pytest.mark.usefixtures("no_mail_server")
def test_reply_that_cannot_be_sent_stays_in_the_form(pages, row):
    assert "The mail could not be sent. Try again later." in not_sent(pages, row)


def test_reply_stays_in_the_form_where_mail_is_not_set_up(pages, row, settings):
    settings.CAN_SEND_MAIL = False

    assert "Mail is not set up here." in not_sent(pages, row)
    assert not row.replies.exists()
    assert not AuditEntry.objects.exists()


def test_reply_to_an_address_that_is_refused_stays_too(pages, alice, row, mailbox):
    mailbox.refused.add(alice.email)

    assert "Mail to this address is refused." in not_sent(pages, row)


def test_reply_that_was_not_sent_is_shown_and_sent_again(pages, alice, row, mailbox):
    mailbox.refused.add(alice.email)
    not_sent(pages, row)
    mailbox.refused.clear()

    assert "Not sent." in text_of(pages.get(f"{BOARD}{row.pk}/change/"))
    form = pages.get(f"{BOARD}{row.pk}/reply/").context["form"]
    page = pages.post(f"{BOARD}{row.pk}/reply/", form.initial)

    assert page.status_code == 302
    assert mailbox.next().get_content().strip() == "It is mended."
    assert row.replies.get().sent_at is not None
    assert "Not sent." not in text_of(pages.get(f"{BOARD}{row.pk}/change/"))
    assert pages.get(f"{BOARD}{row.pk}/reply/").context["form"].initial == {}


def test_reply_to_nobody_is_not_offered_and_not_sent(pages):
    row = Feedback.objects.create(message="Hello")

    page = text_of(pages.get(f"{BOARD}{row.pk}/change/"))
    again = text_of(pages.post(f"{BOARD}{row.pk}/reply/", {"message": "Hello"}))

    assert "/reply/" not in page
    assert "No email address is known to reply to." in again


def test_empty_reply_is_not_sent(pages, row, mailbox):
    page = pages.post(f"{BOARD}{row.pk}/reply/", {"message": " "})

    assert page.context["form"].errors
    assert mailbox.is_empty()


@pytest.mark.django_db(transaction=True)
def test_feedback_that_goes_meanwhile_is_not_found(pages):
    row = Feedback.objects.create(message="Hello")

    page = run_during(
        Feedback.objects.all().delete, lambda: triage(pages, row, status="closed")
    )

    assert page.status_code == 404
    assert not AuditEntry.objects.exists()


def test_reply_to_feedback_that_is_gone_is_not_found(pages):
    assert pages.get(f"{BOARD}{'0' * 24}/reply/").status_code == 404
