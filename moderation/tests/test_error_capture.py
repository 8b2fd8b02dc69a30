from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from focusmaster.tests.people import token_of
from moderation.error_capture import message_of, stack_of, without_secrets
from moderation.models import ErrorGroup, ErrorOccurrence, errors
from moderation.tests.browser import signed_in

HEALTH = "/api/admin/health"
CRASH = "/api/faults/crash"


@pytest.fixture
def stranger(settings, db) -> APIClient:
    """A client of the service with views that go wrong, who has no token."""
    settings.ROOT_URLCONF = "focusmaster.tests.faults"
    return APIClient(raise_request_exception=False)


def note(at=None, fingerprint: bytes = b"x", **fields) -> None:
    facts = {
        "message": "KeyError",
        "stack": "here",
        "path": "/api/tasks",
        "method": "GET",
        "status_code": 500,
        "user_id": None,
        "request_id": "1",
    }
    ErrorGroup.objects.note(fingerprint=fingerprint, at=at, **facts | fields)


def test_crash_is_kept_with_where_it_came_from(stranger, alice):
    stranger.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(alice)}")

    response = stranger.get(f"{CRASH}?token=abc", HTTP_X_REQUEST_ID="report-17")

    assert response.status_code == 500
    group = ErrorGroup.objects.get()
    assert (group.count, group.status_code) == (1, 500)
    assert (group.path, group.method) == (CRASH, "GET")
    assert (group.user_id, group.request_id) == (alice.pk, "report-17")
    assert group.message == "focusmaster.tests.faults.Crash: the combination is […]"
    assert "focusmaster/tests/faults.py, line " in group.stack
    assert "in crash" in group.stack
    assert ErrorOccurrence.objects.get().request_id == "report-17"


def test_page_that_crashes_is_kept_too(stranger, settings, moderator):
    settings.ROOT_URLCONF = "moderation.tests.faults"
    browser = signed_in(moderator)
    browser.raise_request_exception = False

    for client, user_id in ((stranger, None), (browser, moderator.pk)):
        response = client.get("/faults/page")

        assert response.status_code == 500
        group = ErrorGroup.objects.get()
        assert (group.path, group.user_id) == ("/faults/page", user_id)


@pytest.mark.parametrize("path", ["forbidden", "plain-forbidden", "plain-suspicious"])
def test_error_of_the_client_is_no_crash(stranger, path):
    stranger.get(f"/api/faults/{path}")

    assert not ErrorGroup.objects.exists()


def test_same_crash_is_counted_and_another_is_another(stranger):
    for _ in range(3):
        stranger.get(CRASH)
    stranger.get("/api/faults/plain-crash")

    assert sorted(ErrorGroup.objects.values_list("count", flat=True)) == [1, 3]


def test_nothing_that_was_sent_is_kept(stranger, alice):
    token = str(token_of(alice))
    stranger.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    stranger.cookies["jwt"] = "a-cookie-of-mine"

    stranger.get(f"{CRASH}?code=query-of-mine", HTTP_USER_AGENT="browser of mine")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.message || g.path || g.stack || o::text "
            "FROM moderation_errorgroup AS g, moderation_erroroccurrence AS o"
        )
        text = cursor.fetchone()[0]
    for secret in (token, "of-mine", "of mine"):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("'NoneType' object has no attribute 'foo'", None),
        ("unsupported operand type(s) for +: 'int' and 'str'", None),
        ('violates unique constraint "accounts_user_email_unique"', None),
        ("invalid literal for int() with base 10: 'hunter2'", "hunter2"),
        ("Key (email)=(me@example.com) already exists", "me@example.com"),
        ("password=hunter2 and more", "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ("the token is hunter2", "hunter2"),
        ("Bearer eyJhbGciOi.eyJ.abc", "eyJ"),
        ("no such host: postgresql://me:hunter2@db/x", "hunter2"),
        ("cannot send to me@example.com", "me@"),
        ("bad value 'dear diary, today'", "diary"),
        ("sk_live_51HxYzabcdefghijk is unknown", "51Hx"),
        ("the code 123456 is wrong", "123456"),
    ],
)
def test_message_keeps_what_helps_and_no_secret(text, kept):
    scrubbed = without_secrets(text)

    if kept is None:
        assert scrubbed == text
    else:
        assert kept not in scrubbed
        assert "[…]" in scrubbed


def test_message_is_one_line():
    error = ValueError("first line\nDETAIL: Failing row contains (secret)")

    assert message_of(error) == "ValueError: first line"
    assert message_of(ValueError()) == "ValueError"


def test_cause_is_kept_with_the_error():
    error = RuntimeError("it went wrong")
    error.__cause__ = KeyError("name")

    stack = stack_of(error)

    assert stack == "KeyError: 'name'\n\nled to\n\nRuntimeError: it went wrong"


@pytest.mark.django_db(transaction=True)
def test_crash_in_a_transaction_that_is_broken_is_kept(stranger, settings):
    settings.ROOT_URLCONF = "moderation.tests.faults"

    response = stranger.get("/api/faults/broken-transaction")

    assert response.status_code == 500
    assert ErrorGroup.objects.get().path == "/api/faults/broken-transaction"


def test_crash_is_answered_though_it_cannot_be_kept(stranger):
    def fail(execute, sql, params, many, context):
        if "moderation_error" in sql:
            raise RuntimeError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        response = stranger.get(CRASH)

    assert response.status_code == 500
    assert response.json()["code"] == "server_error"
    assert not ErrorGroup.objects.exists()


# Limits


@pytest.mark.usefixtures("db")
def test_many_of_one_error_are_counted_and_not_kept_one_by_one():
    for _ in range(errors.MOST_A_MINUTE + 5):
        note()

    assert ErrorGroup.objects.get().count == errors.MOST_A_MINUTE + 5
    assert ErrorOccurrence.objects.count() == errors.MOST_A_MINUTE


@pytest.mark.usefixtures("db")
def test_of_many_different_errors_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(errors, "MOST_GROUPS", 3)
    now = timezone.now()

    for number in range(6):
        note(at=now + timedelta(seconds=number), fingerprint=bytes([number]))

    left = ErrorGroup.objects.order_by("fingerprint").values_list(
        "fingerprint", flat=True
    )
    assert [bytes(one) for one in left] == [b"\2", b"\3", b"\4", b"\5"]


@pytest.mark.usefixtures("db")
def test_text_that_is_too_long_is_cut():
    note(message="m" * 1000, stack="s" * 30_000, path="/" + "p" * 1000)

    group = ErrorGroup.objects.get()
    lengths = len(group.message), len(group.stack), len(group.path)
    assert lengths == (errors.MAX_MESSAGE, errors.MAX_STACK, errors.MAX_PATH)


def test_error_is_kept_for_30_days(staff):
    now = timezone.now()
    note(at=now - timedelta(days=31), fingerprint=b"old")
    note(at=now - timedelta(days=29), fingerprint=b"younger")
    shown_before = staff.get(HEALTH).json()["recentErrors"]

    note(at=now, fingerprint=b"new")

    assert len(shown_before) == 1
    assert ErrorGroup.objects.count() == 2
    assert ErrorOccurrence.objects.count() == 2


@pytest.mark.usefixtures("db")
def test_job_deletes_what_is_too_old_though_no_error_comes(capsys):
    now = timezone.now()
    for days in (40, 31, 29):
        note(at=now - timedelta(days=days), fingerprint=b"often")
    ErrorGroup.objects.bulk_create(
        ErrorGroup(
            **dict.fromkeys(("message", "stack", "path", "method", "request_id"), ""),
            **dict.fromkeys(("first_seen_at", "last_seen_at"), now - timedelta(31)),
            fingerprint=bytes([number]),
            count=1,
            status_code=500,
        )
        for number in range(15)
    )

    for options in (["--dry-run"], [], []):
        call_command("clear_errors", *options)

    assert capsys.readouterr().out.splitlines() == [
        "Would delete 15 error(s), 2 request(s).",
        "Deleted 15 error(s), 2 request(s).",
        "Deleted 0 error(s), 0 request(s).",
    ]
    assert bytes(ErrorGroup.objects.get().fingerprint) == b"often"
    assert ErrorOccurrence.objects.count() == 1


@pytest.mark.usefixtures("db")
def test_statement_timeout_of_storing_ends_with_it():
    with transaction.atomic():
        note()
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)


# Health


def test_health_shows_the_latest_of_each_error(staff, alice):
    note(path="/api/first")
    note(path="/api/second", user_id=alice.pk, method="POST")

    response = staff.get(HEALTH)

    assert response.status_code == 200
    health = response.json()
    assert list(health) == ["database", "uptime", "timestamp", "recentErrors"]
    assert health["database"] == "connected"
    assert health["uptime"] >= 0
    group = ErrorGroup.objects.get()
    (shown,) = health["recentErrors"]
    assert list(shown) == [
        *("_id", "message", "path", "method", "statusCode", "userId", "createdAt"),
    ]
    assert (shown["_id"], shown["path"]) == (group.pk, "/api/second")
    assert (shown["method"], shown["statusCode"]) == ("POST", 500)
    assert shown["userId"] == alice.pk
    assert "stack" not in shown
