"""The pages for staff, as far as they show working time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from focusmaster.tests.people import PASSWORD
from timeclock.models import WorkLog

LOGS = "/admin/timeclock/worklog/"
NINE = datetime(2026, 2, 2, 9, tzinfo=UTC)


@pytest.fixture
def staff(moderator) -> Client:
    client = Client()
    account = {"username": moderator.email, "password": PASSWORD}
    client.post("/admin/login/?next=/admin/", account)
    return client


def log(user, start: datetime = NINE) -> WorkLog:
    end = start + timedelta(hours=7, minutes=45)
    return WorkLog.objects.create(
        user=user, started_at=start, ended_at=end, break_seconds=1800
    )


def test_moderator_sees_who_worked_for_how_long(staff, alice):
    log(alice)

    page = staff.get(LOGS)

    text = page.content.decode()
    assert page.status_code == 200
    assert alice.email in text
    assert "7:45" in text
    assert "0:30" in text


@pytest.mark.parametrize(
    ("term", "found"),
    [("alice@example.com", 1), ("ALICE@example.com", 1), ("alice", 0)],
)
def test_moderator_finds_the_logs_of_a_person(staff, alice, bob, term, found):
    log(alice)
    log(bob)

    page = staff.get(LOGS, {"q": term})

    assert page.status_code == 200
    assert page.context["cl"].result_count == found


def test_moderator_finds_the_clocks_that_run(staff, alice, bob):
    log(alice)
    WorkLog.objects.create(user=bob, started_at=NINE)

    page = staff.get(LOGS, {"ended_at__isempty": "1"})

    assert [row.user for row in page.context["cl"].result_list] == [bob]


def test_one_log_is_shown_and_cannot_be_changed(staff, alice):
    row = log(alice)
    path = f"{LOGS}{row.pk}/change/"

    page = staff.get(path)
    changed = staff.post(path, {"notes": "x"})
    deleted = staff.post(f"{LOGS}{row.pk}/delete/", {"post": "yes"})
    added = staff.get(f"{LOGS}add/")

    assert page.status_code == 200
    answers = [changed.status_code, deleted.status_code, added.status_code]
    assert answers == [403] * 3
    assert WorkLog.objects.get().notes == ""


def test_queries_do_not_grow_with_the_logs(staff, alice, django_assert_max_num_queries):
    for day in range(20):
        log(alice, NINE + timedelta(days=day))

    with django_assert_max_num_queries(6):
        staff.get(LOGS)
