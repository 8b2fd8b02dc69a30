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
    Ban,
    ErrorGroup,
    ErrorOccurrence,
    Feedback,
)
from moderation.tests.browser import listed, text_of
from pomodoro.models import PomodoroSession

HOME = "/admin/"
AUDIT, BANS, ERRORS, BOARD = (
    f"/admin/moderation/{model}/"
    for model in ("auditentry", "ban", "errorgroup", "feedback")
)
NOW = timezone.now()
ME = Actor(None, "operator")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


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
