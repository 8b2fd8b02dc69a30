from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.exceptions import LastAdmin
from accounts.models import User
from focusmaster.exceptions import RuleViolation
from focusmaster.tests.concurrency import run_concurrently, run_during
from focusmaster.tests.people import PASSWORD, client_of, person
from moderation.actors import Actor
from moderation.exceptions import NoLongerAdmin
from moderation.models import AuditEntry, AuditRecord, Ban
from moderation.roles import demote, promote
from moderation.tests.browser import signed_in

ROUNDS = 50


def role_of(user: User) -> str:
    return f"/api/admin/users/{user.pk}/role"


def actor(user: User) -> Actor:
    return Actor(user.pk, user.name)


def roles() -> dict[str, str]:
    return dict(User.objects.values_list("name", "role"))


def test_new_admin_has_the_role_on_the_next_request_of_a_live_token(
    api, staff, alice, moderator
):
    before = api.get("/api/admin/users").status_code

    response = staff.patch(role_of(alice), {"role": "admin"})

    assert response.status_code == 200
    assert (response.json()["_id"], response.json()["role"]) == (alice.pk, "admin")
    assert (before, api.get("/api/admin/users").status_code) == (403, 200)
    record = AuditRecord.objects.get()
    assert (record.action, record.actor_id) == ("user.role_changed", moderator.pk)
    assert record.target_id == alice.pk
    assert record.details == "Changed the role from user to admin"
    assert record.metadata == {"from": "user", "to": "admin"}


def test_former_admin_has_no_rights_on_the_next_request(staff, client):
    chief = person("Chief", role=User.Role.ADMIN)
    token = client_of(chief)
    client.post("/admin/login/", {"username": chief.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 200

    response = staff.patch(role_of(chief), {"role": "user"})

    assert response.status_code == 200
    assert token.get("/api/admin/users").status_code == 403
    assert token.get("/api/auth/me").json()["role"] == "user"
    assert client.get("/admin/").status_code == 302


def test_nobody_changes_their_own_role(staff, moderator):
    person("Chief", role=User.Role.ADMIN)

    response = staff.patch(role_of(moderator), {"role": "user"})

    assert response.status_code == 409
    assert response.json()["code"] == "cannot_change_own_role"
    assert roles()["Moderator"] == "admin"
    assert not AuditEntry.objects.exists()


def test_role_that_one_has_already_is_no_act(staff, alice):
    response = staff.patch(role_of(alice), {"role": "user"})

    assert response.status_code == 200
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"is_guest": True, "email": ""}, "guest_cannot_be_admin"),
        ({"status": "banned"}, "barred_cannot_be_admin"),
        ({"status": "suspended"}, "barred_cannot_be_admin"),
    ],
)
def test_guest_and_banned_cannot_be_admins(staff, alice, fields, code):
    User.objects.filter(pk=alice.pk).update(**fields)

    response = staff.patch(role_of(alice), {"role": "admin"})

    assert response.status_code == 409
    assert response.json()["code"] == code
    assert roles()["Alice"] == "user"


@pytest.mark.parametrize("body", [{}, {"role": "owner"}, {"role": None}, {"rol": "x"}])
def test_bad_role_is_rejected(staff, alice, body):
    response = staff.patch(role_of(alice), body)

    assert response.status_code == 400
    assert roles()["Alice"] == "user"


@pytest.mark.parametrize("pk", ["507f1f77bcf86cd799439011", "nobody"])
def test_role_of_nobody_is_not_found(staff, pk):
    response = staff.patch(f"/api/admin/users/{pk}/role", {"role": "admin"})

    assert response.status_code == 404


def test_who_has_lost_the_role_meanwhile_can_give_it_to_nobody(alice, bob, moderator):
    with pytest.raises(NoLongerAdmin):
        promote(user_id=alice.pk, by=actor(bob))

    assert roles()["Alice"] == "user"


@pytest.mark.django_db(transaction=True)
def test_request_of_an_admin_who_loses_the_role_meanwhile_is_forbidden():
    admin, other = (person(name, role=User.Role.ADMIN) for name in ("Admin", "Other"))
    carol, client = person("Carol"), client_of(admin)

    response = run_during(
        lambda: demote(user_id=admin.pk, by=actor(other)),
        lambda: client.patch(role_of(carol), {"role": "admin"}),
    )

    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"
    assert response.json()["message"] == "Access denied"
    assert roles()["Carol"] == "user"


def outcome(act, **arguments) -> str:
    try:
        act(**arguments)
    except (RuleViolation, NoLongerAdmin) as exc:
        return type(exc).__name__
    return "done"


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_demote_each_other_concurrently_one_remains():
    first = person("First", role=User.Role.ADMIN)
    second = person("Second", role=User.Role.ADMIN)
    ends = []

    for _ in range(ROUNDS):
        User.objects.update(role=User.Role.ADMIN)
        outcomes = run_concurrently(
            lambda: outcome(demote, user_id=second.pk, by=actor(first)),
            lambda: outcome(demote, user_id=first.pk, by=actor(second)),
        )
        ends.append((sorted(outcomes), sorted(roles().values())))

    assert ends == [(["NoLongerAdmin", "done"], ["admin", "user"])] * ROUNDS
    assert AuditEntry.objects.count() == ROUNDS


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_of_whom_one_leaves_as_the_other_is_demoted_one_remains():
    for _ in range(10):
        User.objects.all().delete()
        leaving = person("Leaving", role=User.Role.ADMIN)
        other = person("Other", role=User.Role.ADMIN)
        client = client_of(leaving)

        run_concurrently(
            lambda client=client: client.delete("/api/auth/profile"),
            lambda other=other: outcome(
                demote, user_id=other.pk, by=Actor(None, "root")
            ),
        )

        assert list(User.objects.filter(role="admin").values_list("role")) == [
            ("admin",)
        ]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_both_banned_and_an_admin_when_both_happen_concurrently():
    by = actor(person("Chief", role=User.Role.ADMIN))
    for number in range(10):
        user = person(f"User{number}")

        run_concurrently(
            lambda user=user: outcome(promote, user_id=user.pk, by=by),
            lambda user=user: outcome(
                Ban.objects.impose, user_id=user.pk, by=by, reason="Spam"
            ),
        )

        user.refresh_from_db()
        assert (user.role, user.status) in [("admin", "active"), ("user", "banned")]


def test_last_admin_stays_one(moderator):
    with pytest.raises(LastAdmin):
        demote(user_id=moderator.pk, by=Actor(None, "root"))

    assert roles()["Moderator"] == "admin"
    assert not AuditEntry.objects.exists()


# Through commands


def test_commands_give_the_role_and_take_it_away(alice, moderator, capsys):
    call_command("promote", "ALICE@example.com")
    promoted = roles()["Alice"]
    call_command("demote", alice.email)

    assert (promoted, roles()["Alice"]) == ("admin", "user")
    assert capsys.readouterr().out == (
        "alice@example.com is an admin.\nalice@example.com is no admin.\n"
    )
    by = set(AuditRecord.objects.values_list("actor_id", "actor_name"))
    assert by == {(None, Actor.of_command().name)}


@pytest.mark.parametrize(
    ("command", "email", "message"),
    [
        ("promote", "nobody@example.com", "There is no account with the email"),
        ("demote", "moderator@example.com", "This is the last admin"),
    ],
)
@pytest.mark.usefixtures("moderator")
def test_command_refuses_in_one_line(command, email, message):
    with pytest.raises(CommandError, match=message):
        call_command(command, email)

    assert roles() == {"Moderator": "admin"}


@pytest.mark.usefixtures("db")
def test_new_admin_of_the_command_is_audited(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    call_command("createadmin", "chief@example.com", verbosity=0)

    record = AuditRecord.objects.get()
    assert (record.action, record.actor_id) == ("admin.created", None)
    assert record.target_id == User.objects.get().pk
    login = {"email": "chief@example.com", "password": PASSWORD}
    assert APIClient().post("/api/auth/login", login).json()["role"] == "admin"


def test_session_on_the_pages_does_not_come_back_with_the_role(staff, moderator):
    alice = person("Alice", role=User.Role.ADMIN)
    stolen = signed_in(alice)
    assert stolen.get("/admin/").status_code == 200
    mine = f"/api/admin/users/{alice.pk}"

    for act, body in [
        ("role", {"role": "user"}),
        ("ban", {"reason": "Spam"}),
        ("unban", {}),
        ("role", {"role": "admin"}),
    ]:
        assert staff.patch(f"{mine}/{act}", body).status_code == 200

    assert stolen.get("/admin/").status_code == 302
    assert signed_in(moderator).get("/admin/").status_code == 200
