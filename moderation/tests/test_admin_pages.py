"""The first of staff's pages, and those about what staff look after."""

from __future__ import annotations

import csv
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from moderation.actors import Actor
from moderation.models import (
    AuditEntry,
    AuditRecord,
    Ban,
    ErrorGroup,
    ErrorOccurrence,
    Feedback,
)
from moderation.tests.html import text_of
from pomodoro.models import PomodoroSession

HOME = "/admin/"
AUDIT, BANS, ERRORS, BOARD = (
    f"/admin/moderation/{model}/"
    for model in ("auditentry", "ban", "errorgroup", "feedback")
)
NOW = timezone.now()
ME = Actor(None, "operator")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def pages(moderator) -> Client:
    client = Client()
    client.force_login(moderator)
    return client


@pytest.fixture
def row(alice) -> Feedback:
    return Feedback.objects.create(user=alice, type="bug", message="It stops.\nWhy?")


def listed(pages: Client, path: str, **query: str) -> list:
    page = pages.get(path, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def note_error(message: str = "KeyError: 'x'", **fields) -> ErrorGroup:
    facts = {"path": "/api/tasks", "method": "GET", "status_code": 500}
    facts |= {"user_id": None, "request_id": "r1", "stack": "  a.py, line 1, in b"}
    fingerprint = sha256(message.encode()).digest()
    ErrorGroup.objects.note(fingerprint=fingerprint, message=message, **facts | fields)
    return ErrorGroup.objects.get(fingerprint=fingerprint)


def record(action: str = AuditEntry.Action.BANNED, **fields) -> AuditEntry:
    by = fields.pop("by", ME)
    return AuditEntry.objects.record(action, by=by, details="Banned", **fields)


# The first page


def test_home_shows_what_matters_today(pages, alice, bob, row):
    now = timezone.now()
    PomodoroSession.objects.log(
        user_id=alice.pk, type="focus", started_at=now, duration=1500
    )
    note_error()
    soon = NOW + timedelta(days=2)
    Ban.objects.impose(user_id=bob.pk, by=ME, reason="Spam", until=soon)

    page = pages.get(HOME)

    tiles = {tile["label"]: tile["number"] for tile in page.context["tiles"]}
    assert tiles == {
        "people": "3",
        "active today": "1",
        "errors in 24 hours": "1",
        "feedback to do": "1",
    }
    text = text_of(page)
    assert f"{now:%Y-%m-%d}: 1 session of 1 person</title>" in text
    assert f"{soon:%Y-%m-%d %H:%M} UTC: Spam" in text
    assert "<title>Today | FocusMaster</title>" in text


def test_home_leaves_out_bans_that_do_not_end_soon(pages, alice, bob):
    Ban.objects.impose(user_id=alice.pk, by=ME, reason="Spam")
    late = NOW + timedelta(days=8)
    Ban.objects.impose(user_id=bob.pk, by=ME, reason="Spam", until=late)

    assert "None within a week." in text_of(pages.get(HOME))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["icon.svg", "pages.css"])
def test_looks_of_the_pages_are_served(client, path):
    page = client.get(f"/static/moderation/{path}")

    assert page.status_code == 200
    assert page.getvalue()


def queries_of(pages: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert pages.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", [HOME, AUDIT, BANS, ERRORS, BOARD])
def test_page_takes_as_many_queries_whatever_there_is(pages, alice, bob, row, path):
    def add(user: User) -> None:
        until = NOW + timedelta(days=1)
        Ban.objects.impose(user_id=user.pk, by=ME, reason="Spam", until=until)
        note_error(user.name)

    add(alice)
    before = queries_of(pages, path)
    add(bob)
    Feedback.objects.create(user=bob, message="Hello")

    assert queries_of(pages, path) == before


# The audit log


def test_audit_log_shows_who_did_what_to_whom(pages, moderator, alice):
    by = Actor(moderator.pk, "Moderator", "192.0.2.7", "Firefox")
    record(by=by, target_user_id=alice.pk, reason="Spam")

    page = text_of(pages.get(AUDIT))

    for part in ("user.banned", "Moderator", alice.email, "Banned: Spam"):
        assert part in page


def test_entry_shows_everything(pages, moderator, alice):
    by = Actor(moderator.pk, "Moderator", "192.0.2.7", "Firefox")
    entry = record(by=by, target_user_id=alice.pk, metadata={"until": None})
    entry.refresh_from_db()

    page = text_of(pages.get(f"{AUDIT}{entry.pk}/change/"))

    for part in ("192.0.2.7", "Firefox", "until", bytes(entry.hash).hex()):
        assert part in page


def test_what_is_not_known_is_said_in_words(pages):
    entry, error = record(), note_error()
    message = Feedback.objects.create(message="Hello")

    for path in (f"{AUDIT}{entry.pk}", f"{ERRORS}{error.pk}", f"{BOARD}{message.pk}"):
        page = text_of(pages.get(f"{path}/change/"))

        assert "None" not in page.replace('"display: None', "")
        assert f"{NOW:%Y-%m-%d} " in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"action": "user.unbanned"}, {2}),
        ({"q": "ali"}, {1}),
        ({"q": "alice@example.com"}, {1}),
        ({"q": "moder"}, {3}),
        ({"q": "nobody"}, set()),
        ({"q": "%"}, set()),
        ({"created_at__year": "2020"}, set()),
        ({"created_at__year": f"{NOW:%Y}"}, {1, 2, 3}),
    ],
)
def test_entries_are_found(pages, moderator, alice, bob, query, found):
    record(target_user_id=alice.pk)
    record(AuditEntry.Action.UNBANNED, target_user_id=bob.pk)
    record(by=Actor(moderator.pk, "Moderator"))

    assert {entry.position for entry in listed(pages, AUDIT, **query)} == found


def test_entry_leads_to_all_by_the_same_person_and_about_the_same_row(
    pages, moderator, alice, bob
):
    by = Actor(moderator.pk, "Moderator")
    record(by=by, target_user_id=alice.pk)
    record(by=by, target_user_id=bob.pk)
    record(target_user_id=alice.pk)

    page = text_of(pages.get(AUDIT))

    for query, found in (
        ({"actor_id": moderator.pk}, {1, 2}),
        ({"target_id": alice.pk}, {1, 3}),
    ):
        assert f"?{urlencode(query)}" in page
        assert {entry.position for entry in listed(pages, AUDIT, **query)} == found


def test_entries_are_found_by_the_id_of_a_row(pages, alice, row):
    Feedback.objects.change_note(row.pk, "Look", by=ME)
    record(target_user_id=alice.pk)

    (entry,) = listed(pages, AUDIT, q=row.pk)

    assert entry.action == "feedback.note_changed"


def test_dates_are_offered_without_reading_all_entries(pages):
    for days in (0, 70):
        record(at=NOW - timedelta(days=days))

    with CaptureQueriesContext(connection) as queries:
        page = text_of(pages.get(AUDIT))

    assert not [one for one in queries if "DISTINCT" in one["sql"]]
    assert "created_at__year" in page


def test_days_of_a_month_are_offered_from_the_first_to_the_last(pages):
    first = NOW.replace(year=2026, month=3, day=4)
    for days in (0, 3):
        record(at=first + timedelta(days=days))

    page = text_of(pages.get(AUDIT))

    for day in (4, 5, 6, 7):
        assert f"created_at__day={day}&amp;" in page
    assert "created_at__day=8&amp;" not in page


def test_download_has_what_the_list_shows(pages, alice, bob):
    record(target_user_id=alice.pk, reason="=SUM(A1)")
    record(target_user_id=bob.pk)

    page = pages.get(f"{AUDIT}table.csv", {"q": "alice"})

    assert page["Content-Type"] == "text/csv; charset=utf-8"
    text = page.getvalue().decode("utf-8-sig")
    header, *rows = csv.reader(StringIO(text))
    assert header[:3] == ["createdAt", "action", "actorId"]
    assert [cells[4] for cells in rows] == [alice.pk]
    assert rows[0][5] == "Banned: =SUM(A1)"


def test_entries_are_neither_added_nor_changed_nor_deleted(pages):
    entry = record()

    assert pages.get(f"{AUDIT}add/").status_code == 403
    change = pages.post(f"{AUDIT}{entry.pk}/change/", {"details": "Nothing"})
    delete = pages.post(f"{AUDIT}{entry.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"}
    pages.post(AUDIT, chosen)
    assert (change.status_code, delete.status_code) == (403, 403)
    assert AuditEntry.objects.get().details == "Banned"


def test_history_of_a_person_is_in_the_audit_log(pages, alice):
    record(target_user_id=alice.pk)

    page = pages.get(f"/admin/accounts/user/{alice.pk}/history/", follow=True)

    assert [one.target_id for one in page.context["cl"].result_list] == [alice.pk]


# Bans


def test_bans_are_told_apart_by_whether_they_are_in_force(pages, alice, bob):
    Ban.objects.impose(user_id=alice.pk, by=ME, reason="Once")
    Ban.objects.lift(user_id=alice.pk, by=ME)
    end = NOW + timedelta(days=1)
    Ban.objects.impose(user_id=bob.pk, by=ME, reason="Now", until=end)
    Ban.objects.impose(user_id=alice.pk, by=ME, reason="For good")

    found = {
        state: {ban.reason for ban in listed(pages, BANS, state=state)}
        for state in ("force", "ending", "over")
    }

    assert found == {
        "force": {"For good", "Now"},
        "ending": {"Now"},
        "over": {"Once"},
    }


# Errors


def test_error_shows_its_traceback_its_count_and_its_requests(pages, alice):
    note_error(user_id=alice.pk, request_id="first")
    error = note_error(user_id=alice.pk, request_id="second")

    page = text_of(pages.get(f"{ERRORS}{error.pk}/change/"))

    assert "a.py, line 1, in b" in page
    assert error.count == 2
    for part in (">2<", "GET /api/tasks", alice.pk, "first", "second"):
        assert part in page


def test_error_is_found_by_the_request_that_a_person_reports(pages):
    note_error("KeyError: 'a'", request_id="a")
    other = note_error("KeyError: 'b'", request_id="b")

    assert listed(pages, ERRORS, q="b") == [other]
    assert listed(pages, ERRORS, q="nothing") == []


def test_error_that_is_no_longer_kept_is_not_shown(pages):
    error = note_error()
    ErrorGroup.objects.update(last_seen_at=NOW - timedelta(days=31))
    ErrorOccurrence.objects.all().delete()

    assert listed(pages, ERRORS) == []
    assert pages.get(f"{ERRORS}{error.pk}/change/").status_code == 302


# Feedback


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

    assert [str(one) for one in page.context["messages"]] == ["Now closed: 2."]
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
    """Send a reply in vain; return the page."""
    page = text_of(pages.post(f"{BOARD}{row.pk}/reply/", {"message": "It is mended."}))

    assert "It is mended." in page
    assert not row.replies.exists()
    assert not AuditEntry.objects.exists()
    return page


@pytest.mark.usefixtures("no_mail_server")
def test_reply_that_cannot_be_sent_stays_in_the_form(pages, row):
    assert "The mail could not be sent. Try again later." in not_sent(pages, row)


def test_reply_to_an_address_that_is_refused_stays_too(pages, alice, row, mailbox):
    mailbox.refused.add(alice.email)

    assert "Mail to this address is refused." in not_sent(pages, row)


def test_reply_to_nobody_is_not_offered_and_not_sent(pages):
    row = Feedback.objects.create(message="Hello")

    page = text_of(pages.get(f"{BOARD}{row.pk}/change/"))
    answer = text_of(pages.post(f"{BOARD}{row.pk}/reply/", {"message": "Hello"}))

    assert "/reply/" not in page
    assert "No email address is known to reply to." in answer


def test_empty_reply_is_not_sent(pages, row, mailbox):
    page = pages.post(f"{BOARD}{row.pk}/reply/", {"message": " "})

    assert page.context["form"].errors
    assert mailbox.is_empty()


def test_reply_to_feedback_that_is_gone_is_not_found(pages):
    assert pages.get(f"{BOARD}{'0' * 24}/reply/").status_code == 404
