from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, browser_of, client_of, person
from moderation.actors import Actor
from moderation.models import AuditEntry, AuditRecord, Ban

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
ME = "/api/auth/me"
OPERATOR = Actor(None, "root")
PAST = "2026-02-09T10:00:00Z"
UNKNOWN = "507f1f77bcf86cd799439011"


def users(user: User, act: str) -> str:
    return f"/api/admin/users/{user.pk}/{act}"


def soon() -> datetime:
    return timezone.now().replace(microsecond=0) + timedelta(hours=1)


# Through the API


def test_ban_takes_effect_on_the_next_request_of_a_live_token(api, staff, alice):
    browser = browser_of(alice)

    response = staff.patch(users(alice, "ban"), {"reason": " Violation of terms "})

    assert response.status_code == 200
    user = response.json()
    assert (user["_id"], user["status"]) == (alice.pk, "banned")
    assert (user["banReason"], user["bannedUntil"]) == ("Violation of terms", None)
    for client in (api, browser):
        response = client.get(ME)
        assert response.status_code == 403
        assert response.json()["code"] == "banned"
        assert "Violation of terms" in response.json()["message"]
    assert not alice.sign_ins.live().exists()


@pytest.mark.usefixtures("api")
def test_who_is_banned_can_neither_sign_in_nor_refresh(staff, alice):
    token = client_of(alice)
    staff.patch(users(alice, "ban"), {"reason": "Spam"})

    credentials = {"email": alice.email, "password": PASSWORD}
    login = APIClient().post("/api/auth/login", credentials)

    assert login.status_code == 403
    assert token.post("/api/auth/refresh").status_code == 403
    assert not alice.sign_ins.live().exists()


@pytest.mark.usefixtures("api")
def test_ban_is_written_down_with_its_author_and_period(staff, alice, moderator):
    until = soon()

    staff.patch(users(alice, "ban"), {"reason": "Spam", "until": format_instant(until)})

    ban = Ban.objects.get()
    assert (ban.user, ban.author, ban.operator) == (alice, moderator, "")
    assert (ban.status, ban.reason, ban.until) == ("suspended", "Spam", until)
    assert (ban.ended_at, ban.is_in_force()) == (None, True)
    record = AuditRecord.objects.get()
    assert record.action == "user.suspended"
    assert (record.actor_id, record.target_id) == (moderator.pk, alice.pk)
    assert record.details == f"Suspended until {format_instant(until)}: Spam"
    assert record.metadata == {"banId": ban.pk, "until": format_instant(until)}
    assert (record.actor_name, record.ip_address) == ("Moderator", "127.0.0.1")


def test_suspension_ends_by_itself(staff, alice):
    Ban.objects.impose(
        user_id=alice.pk, by=OPERATOR, reason="Spam", until=TOMORROW, at=NOW
    )
    alice.refresh_from_db()

    assert alice.is_barred(at=TOMORROW - timedelta(milliseconds=1))
    assert not alice.is_barred(at=TOMORROW)
    # By the clock of today it is long over.
    credentials = {"email": alice.email, "password": PASSWORD}
    login = APIClient().post("/api/auth/login", credentials)
    assert login.status_code == 200
    assert client_of(alice).get(ME).json()["status"] == "active"
    shown = staff.get(f"/api/admin/users/{alice.pk}").json()
    assert (shown["status"], shown["banReason"]) == ("active", "")
    assert shown["bannedUntil"] is None
    assert [ban["inForce"] for ban in shown["bans"]] == [False]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "Spam", "until": "2026-02-09"}, "until"),
        ({"reason": "Spam", "until": "2026-02-09T10:00:00Z"}, "until"),
        ({"reason": "Spam", "untill": None}, "untill"),
    ],
)
def test_bad_ban_is_rejected(api, staff, alice, body, field):
    response = staff.patch(users(alice, "ban"), body)

    assert response.status_code == 400
    assert [one["field"] for one in response.json()["errors"]] == [field]
    assert api.get(ME).status_code == 200
    assert not Ban.objects.exists()
    assert not AuditEntry.objects.exists()


def test_what_staff_read_of_a_person_can_be_sent_back(staff, alice):
    read = staff.get(f"/api/admin/users/{alice.pk}").json()

    response = staff.patch(users(alice, "ban"), read | {"reason": "x" * 500})

    assert response.status_code == 200
    assert response.json()["banReason"] == "x" * 500


@pytest.mark.parametrize("act", ["ban", "status"])
def test_admins_and_oneself_cannot_be_banned(staff, moderator, act):
    chief = person("Chief", role=User.Role.ADMIN)
    body = {"reason": "Spam"} if act == "ban" else {"status": "banned"}
    send = staff.patch if act == "ban" else staff.put

    of_admin = send(users(chief, act), body)
    of_oneself = send(users(moderator, act), body)

    assert (of_admin.status_code, of_oneself.status_code) == (409, 409)
    assert of_admin.json()["code"] == "cannot_ban_admin"
    assert of_oneself.json()["code"] == "cannot_ban_yourself"
    assert not User.objects.exclude(status="active").exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("pk", [UNKNOWN, "nobody"])
@pytest.mark.parametrize(
    ("method", "act", "body"),
    [
        ("patch", "ban", {"reason": "Spam"}),
        ("patch", "unban", {}),
        ("put", "status", {"status": "active"}),
    ],
)
def test_ban_of_nobody_is_not_found(staff, pk, method, act, body):
    response = getattr(staff, method)(f"/api/admin/users/{pk}/{act}", body)

    assert response.status_code == 404


def test_ban_in_force_is_replaced_by_a_new_one(staff, alice, moderator):
    staff.patch(users(alice, "ban"), {"reason": "Spam"})
    until = soon()

    response = staff.patch(
        users(alice, "ban"), {"reason": "Less", "until": format_instant(until)}
    )

    assert response.json()["status"] == "suspended"
    assert response.json()["bannedUntil"] == format_instant(until)
    second, first = Ban.objects.all()
    assert (first.ended_at, first.lifted_by) == (second.created_at, moderator)
    assert (second.reason, second.ended_at) == ("Less", None)


def test_suspension_that_has_run_out_ended_at_its_time_whatever_comes_later(alice):
    Ban.objects.impose(
        user_id=alice.pk, by=OPERATOR, reason="Spam", until=TOMORROW, at=NOW
    )

    Ban.objects.impose(
        user_id=alice.pk, by=OPERATOR, reason="More", at=TOMORROW + timedelta(days=7)
    )

    second, first = Ban.objects.all()
    assert (first.ended_at, first.lift_operator) == (TOMORROW, "")
    assert (second.reason, second.ended_at) == ("More", None)


def test_unban_lets_the_person_in_again(staff, alice, moderator):
    staff.patch(users(alice, "ban"), {"reason": "Spam"})

    response = staff.patch(users(alice, "unban"), {"reason": "A mistake"})

    assert response.status_code == 200
    user = response.json()
    assert (user["status"], user["banReason"]) == ("active", "")
    assert client_of(alice).get(ME).status_code == 200
    ban = Ban.objects.get()
    assert (ban.lifted_by, ban.lift_reason) == (moderator, "A mistake")
    assert ban.ended_at is not None
    record = AuditRecord.objects.first()
    assert (record.action, record.target_id) == ("user.unbanned", alice.pk)
    assert record.details == "Lifted the ban: A mistake"


def test_token_from_before_the_ban_stays_dead_after_it(api, staff, alice):
    staff.patch(users(alice, "ban"), {"reason": "Spam"})
    staff.patch(users(alice, "unban"))

    assert api.get(ME).status_code == 401


def test_unban_of_who_may_come_in_changes_nothing(staff, alice):
    response = staff.patch(users(alice, "unban"), {})

    assert response.status_code == 200
    assert response.json()["status"] == "active"
    assert not AuditEntry.objects.exists()


def test_unban_after_a_suspension_has_run_out_is_no_act(staff, alice):
    Ban.objects.impose(
        user_id=alice.pk, by=OPERATOR, reason="Spam", until=TOMORROW, at=NOW
    )

    response = staff.patch(users(alice, "unban"))

    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.status, alice.banned_until) == ("active", None)
    assert Ban.objects.get().ended_at == TOMORROW
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("status", ["banned", "suspended"])
def test_status_can_be_put(api, staff, alice, status):
    body = {"status": status, "banReason": "Spam"}

    response = staff.put(users(alice, "status"), body)

    assert response.status_code == 200
    assert response.json().keys() == {"message"}
    alice.refresh_from_db()
    assert (alice.status, alice.ban_reason) == (status, "Spam")
    assert alice.banned_until is None
    assert api.get(ME).json()["code"] == status
    assert Ban.objects.get().status == status
    assert AuditEntry.objects.get().action == f"user.{status}"


def test_status_active_lifts_a_ban(staff, alice):
    staff.put(users(alice, "status"), {"status": "banned"})

    response = staff.put(
        users(alice, "status"), {"status": "active", "banReason": "Sorry"}
    )

    assert response.status_code == 200
    assert client_of(alice).get(ME).status_code == 200
    assert Ban.objects.get().lift_reason == "Sorry"


@pytest.mark.parametrize(
    "body", [{}, {"status": "gone"}, {"status": "banned", "banReason": "x" * 501}]
)
def test_bad_status_is_rejected(staff, alice, body):
    response = staff.put(users(alice, "status"), body)

    assert response.status_code == 400
    assert not Ban.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_concurrent_bans_leave_one_in_force(staff, moderator, alice):
    chief = client_of(person("Chief", role=User.Role.ADMIN))
    acts = [
        lambda client=client: client.patch(users(alice, "ban"), {"reason": "Spam"})
        for client in (staff, chief) * 4
    ]

    responses = run_concurrently(*acts)

    assert {response.status_code for response in responses} == {200}
    assert Ban.objects.count() == 8
    assert Ban.objects.in_force().count() == 1
    assert AuditEntry.objects.count() == 8


# Through commands


def test_command_bans_and_the_operating_system_user_is_its_author(api, alice, capsys):
    call_command("ban", "ALICE@example.com", "--reason", "Spam")

    assert capsys.readouterr().out == "Banned: alice@example.com.\n"
    assert api.get(ME).status_code == 403
    record = AuditRecord.objects.get()
    assert (record.actor_id, record.ip_address) == (None, None)
    assert record.actor_name == Actor.of_command().name != ""
    assert Ban.objects.get().operator == record.actor_name


def test_command_suspends_until_an_instant(alice, capsys):
    until = format_instant(soon())

    call_command("ban", alice.email, "--reason", "Spam", "--until", until)

    assert capsys.readouterr().out == f"Suspended until {until}: alice@example.com.\n"
    alice.refresh_from_db()
    assert (alice.status, format_instant(alice.banned_until)) == ("suspended", until)


def test_command_lifts_a_ban(alice, capsys):
    call_command("ban", alice.email, "--reason", "Spam", verbosity=0)

    call_command("unban", alice.email, "--reason", "A mistake")

    assert capsys.readouterr().out == "alice@example.com may come in.\n"
    alice.refresh_from_db()
    assert alice.status == "active"
    assert Ban.objects.get().lift_reason == "A mistake"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody@example.com", "--reason", "Spam"], "There is no account"),
        (["alice@example.com", "--reason", " "], "--reason must have 1 to 500"),
        (["moderator@example.com", "--reason", "Spam"], "An admin cannot be banned"),
        (
            ["alice@example.com", "--reason", "Spam", "--until", "tomorrow"],
            "--until: give an instant",
        ),
        (
            [
                "alice@example.com",
                "--reason",
                "Spam",
                "--until",
                "2026-02-09T10:00:00Z",
            ],
            "until: give an instant in the future",
        ),
    ],
)
@pytest.mark.usefixtures("alice", "moderator")
def test_command_refuses_in_one_line_and_bans_nobody(arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("ban", *arguments)

    assert not User.objects.exclude(status="active").exists()


# Constraints


def ban(user: User, **fields) -> Ban:
    given = {"status": "banned", "reason": "Spam", "created_at": NOW}
    return Ban.objects.create(user=user, **given | fields)


def test_database_refuses_a_second_ban_that_has_not_ended(alice):
    ban(alice)

    with pytest.raises(IntegrityError, match="moderation_ban_one_unended_per_user"):
        ban(alice)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "active"}, "moderation_ban_status_known"),
        ({"until": TOMORROW}, "moderation_ban_only_suspension_ends"),
        (
            {"status": "suspended", "until": NOW},
            "moderation_ban_ends_after_start",
        ),
    ],
)
def test_database_refuses_a_ban_that_makes_no_sense(alice, fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        ban(alice, **fields)


def test_ban_ends_the_sign_ins_of_nobody_else(staff, alice, bob):
    client_of(bob)

    staff.patch(users(alice, "ban"), {"reason": "Spam"})

    assert SignIn.objects.owned_by(bob).live().exists()
