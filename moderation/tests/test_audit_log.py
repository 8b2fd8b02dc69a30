"""Reading the audit log through the API."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import chain

import pytest
from django.core.management import call_command

from accounts.models import User
from focusmaster.tests.people import client_of
from moderation.actors import Actor
from moderation.models import AuditEntry, AuditRecord

LOG = "/api/admin/audit-logs"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OPERATOR = Actor(None, "root")
Action = AuditEntry.Action
ALIASES = pytest.mark.parametrize("path", [LOG, "/api/admin/audit"])
FIELDS = [
    *("_id", "action", "actorId", "actorName", "targetId", "details", "metadata"),
    *("ipAddress", "userAgent", "createdAt"),
]


def note(
    details: str = "Banned",
    *,
    action: str = Action.BANNED,
    by: Actor = OPERATOR,
    target: User | None = None,
    at: datetime = NINE,
    **more,
) -> AuditEntry:
    return AuditEntry.objects.record(
        action,
        by=by,
        details=details,
        target_user_id=target.pk if target else None,
        at=at,
        **more,
    )


def actor(user: User) -> Actor:
    return Actor(user.pk, user.name, "203.0.113.7", "Firefox")


def details(response) -> list[str]:
    assert response.status_code == 200
    return [entry["details"] for entry in response.json()]


def pages(client, path: str) -> list[list[str]]:
    """Follow the links from page to page; return the details on each."""
    found, url = [], path
    while url:
        response = client.get(url)
        found.append(details(response))
        link = re.match('<http://testserver(.+)>; rel="next"', response.get("Link", ""))
        url = link and link[1]
    return found


@ALIASES
def test_entry_tells_who_did_what_to_whom_and_from_where(staff, moderator, alice, path):
    entry = note(by=actor(moderator), target=alice, reason="Spam", metadata={"n": [1]})

    (shown,) = staff.get(path).json()

    assert list(shown) == FIELDS
    assert shown == {
        "_id": entry.pk,
        "action": "user.banned",
        "actorId": moderator.pk,
        "actorName": "Moderator",
        "targetId": alice.pk,
        "details": "Banned: Spam",
        "metadata": {"n": [1]},
        "ipAddress": "203.0.113.7",
        "userAgent": "Firefox",
        "createdAt": "2026-03-02T09:00:00Z",
    }


def test_many_acts_are_recorded_like_single_ones(staff, moderator, alice):
    acts = [
        {"action": Action.BANNED, "by": actor(moderator), "reason": "Spam"},
        {"action": Action.UNBANNED, "by": OPERATOR, "metadata": {"n": [1]}},
    ]
    acts = [
        act | {"details": "Said", "target_user_id": alice.pk, "at": NINE}
        for act in acts
    ]
    for act in acts:
        AuditEntry.objects.record(**act)

    number = AuditEntry.objects.record_many(acts)

    shown = [
        {name: value for name, value in entry.items() if name != "_id"}
        for entry in staff.get(LOG).json()
    ]
    assert number == 2
    assert len(shown) == 4
    assert shown[:2] == shown[2:]
    call_command("verify_audit_log")


def test_act_of_a_command_has_the_name_alone(staff):
    note()

    (shown,) = staff.get(LOG).json()

    assert (shown["actorId"], shown["actorName"]) == (None, "root")
    assert (shown["ipAddress"], shown["userAgent"]) == (None, "")


def test_who_is_gone_leaves_an_id_and_the_chain_stays_whole(staff, alice, moderator):
    note(by=actor(alice))
    note(target=alice, reason="Alice shouted")
    client_of(alice).delete("/api/auth/profile")

    about, by = staff.get(LOG).json()

    assert (about["targetId"], about["details"]) == (alice.pk, "Banned")
    assert (by["actorId"], by["actorName"]) == (alice.pk, "")
    assert (by["ipAddress"], by["userAgent"]) == (None, "")


@ALIASES
def test_log_comes_a_hundred_at_a_time_newest_first(staff, path):
    for number in range(205):
        note(f"Entry {number}", at=NINE + timedelta(seconds=number // 3))

    found = pages(staff, path)

    assert [len(page) for page in found] == [100, 100, 5]
    assert [*chain.from_iterable(found)] == [
        f"Entry {number}" for number in reversed(range(205))
    ]


def test_limit_and_filters_stay_from_page_to_page(staff, alice):
    for number in range(5):
        note(f"Entry {number}", target=alice)
        note("About nobody")

    found = pages(staff, f"{LOG}?limit=2&target={alice.pk}")

    assert found == [["Entry 4", "Entry 3"], ["Entry 2", "Entry 1"], ["Entry 0"]]


def test_paging_repeats_nothing_while_entries_are_added(staff):
    for number in range(3):
        note(f"Entry {number}")
    first = staff.get(f"{LOG}?limit=2")
    note("Later")

    second = staff.get(re.search("<http://testserver(.+)>", first["Link"])[1])

    assert details(first) + details(second) == ["Entry 2", "Entry 1", "Entry 0"]


def test_filters_keep_what_they_name(staff, alice, bob, moderator):
    note("First", by=actor(moderator), target=alice)
    note("Second", by=actor(moderator), target=bob, at=NINE + timedelta(days=1))
    note("Third", action=Action.ROLE_CHANGED, target=bob, at=NINE + timedelta(days=2))

    def shown(query: str) -> list[str]:
        return details(staff.get(f"{LOG}?{query}"))

    assert shown("action=user.banned") == ["Second", "First"]
    assert shown(f"actor={moderator.pk}") == ["Second", "First"]
    assert shown(f"target={bob.pk}&action=user.banned") == ["Second"]
    assert shown("from=2026-03-03") == ["Third", "Second"]
    assert shown("from=2026-03-03&to=2026-03-03") == ["Second"]
    assert shown("to=2026-03-02T09:00:00Z") == ["First"]
    assert shown(f"actor={'0' * 24}") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("action=user.kissed", 400),
        ("from=yesterday", 400),
        ("from=2026-03-03&to=2026-03-02", 400),
        ("actor=root", 404),
        ("target=", 404),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_bad_filter_is_refused(staff, query, status, suffix):
    response = staff.get(f"{LOG}{suffix}?{query}")

    assert response.status_code == status
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=nonsense"])
def test_bad_page_is_refused(staff, query):
    response = staff.get(f"{LOG}?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]


def test_log_is_one_query_beside_the_callers(staff, django_assert_num_queries):
    for number in range(3):
        note(f"Entry {number}", reason="Spam")

    with django_assert_num_queries(2):  # the token's owner and the page
        staff.get(LOG)


@ALIASES
def test_table_has_the_whole_log_and_runs_no_formula(staff, moderator, path):
    for number in range(150):
        note(f"Entry {number}")
    note("=1+1", by=Actor(moderator.pk, "@Moderator", None, "+cmd"), metadata={"a": 1})

    response = staff.get(f"{path}.csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="focusmaster-audit-log.csv"' in response["Content-Disposition"]
    text = response.getvalue().decode("utf-8-sig")
    header, newest, *others = csv.reader(StringIO(text))
    assert sorted(header) == sorted(FIELDS)
    row = dict(zip(header, newest, strict=True))
    assert (row["details"], row["actorName"]) == ("'=1+1", "'@Moderator")
    assert (row["userAgent"], row["metadata"]) == ("'+cmd", '{"a":1}')
    assert len(others) == 150


def test_table_has_what_the_filters_keep(staff, alice):
    note("First", target=alice)
    note("Second")

    response = staff.get(f"{LOG}.csv?target={alice.pk}")

    (_, row) = csv.reader(StringIO(response.getvalue().decode()))
    assert "First" in row


def test_entry_is_undone_with_its_act(staff, alice, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(AuditEntry.objects, "record", fail)
    staff.raise_request_exception = False

    response = staff.patch(f"/api/admin/users/{alice.pk}/ban", {"reason": "Spam"})

    assert response.status_code == 500
    alice.refresh_from_db()
    assert alice.status == "active"
    assert not AuditRecord.objects.exists()
