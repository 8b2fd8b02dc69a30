"""What staff do to people on the admin pages: bans, and the role of admin."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of, person
from moderation.models import AuditEntry, AuditRecord, Ban
from moderation.tests.browser import messages_on, text_of

PEOPLE = "/admin/accounts/user/"
ME = "/api/auth/me"
NOW = timezone.now()


def page_of(user: User) -> str:
    return f"{PEOPLE}{user.pk}/change/"


def act(pages: Client, name: str, *users: User, **given: str):
    query = "&".join(f"id={user.pk}" for user in users)
    return pages.post(f"{PEOPLE}{name}/?{query}", given, follow=True)


# Bans


def test_ban_asks_for_a_reason_and_an_end(pages, alice):
    page = pages.get(f"{PEOPLE}ban/?id={alice.pk}")

    assert page.status_code == 200
    assert list(page.context["form"].fields) == ["reason", "until"]
    assert alice.email in text_of(page)
    alice.refresh_from_db()
    assert alice.status == "active"


def test_person_is_banned_from_the_next_request_on(pages, moderator, alice):
    phone = client_of(alice)

    page = act(pages, "ban", alice, reason="Spam")

    assert page.redirect_chain[0][0] == page_of(alice)
    assert messages_on(page) == ["Kept out: 1."]
    assert phone.get(ME).status_code == 403
    ban = Ban.objects.get()
    assert (ban.user, ban.status, ban.reason) == (alice, "banned", "Spam")
    assert ban.author == moderator
    record = AuditRecord.objects.get()
    assert (record.action, record.actor_id) == ("user.banned", moderator.pk)
    assert record.target_id == alice.pk
    assert record.details == "Banned: Spam"


def test_person_is_suspended_until_a_moment_in_utc(pages, alice):
    end = (NOW + timedelta(days=3)).replace(second=0, microsecond=0)

    act(pages, "ban", alice, reason="Spam", until=f"{end:%Y-%m-%dT%H:%M}")

    alice.refresh_from_db()
    assert (alice.status, alice.banned_until) == ("suspended", end)
    page = text_of(pages.get(page_of(alice)))
    assert f"Suspended until {end:%Y-%m-%d %H:%M} UTC" in page


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "\u200b\u2800"}, "reason"),
        ({"reason": "a\x07b"}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"reason": "Spam", "until": "2020-01-01T00:00"}, "until"),
        ({"reason": "Spam", "until": "tomorrow"}, "until"),
    ],
)
def test_wrong_ban_is_shown_again_and_bans_nobody(pages, alice, given, field):
    page = act(pages, "ban", alice, **given)

    assert list(page.context["form"].errors) == [field]
    alice.refresh_from_db()
    assert alice.status == "active"
    assert not AuditEntry.objects.exists()


def test_reason_follows_the_rules_for_text(pages, alice):
    act(pages, "ban", alice, reason=" one\r\ntwo cafe\u0301\n")

    assert Ban.objects.get().reason == "one\ntwo caf\u00e9"


def test_chosen_people_are_banned_together(pages, alice, bob):
    chosen = {"action": "ban_selected", "_selected_action": [alice.pk, bob.pk]}

    form = pages.post(PEOPLE, chosen, follow=True)
    page = act(pages, "ban", *form.context["rows"], reason="Spam")

    assert messages_on(page) == ["Kept out: 2."]
    statuses = User.objects.filter(role="user").values_list("status", flat=True)
    assert list(statuses) == ["banned", "banned"]
    assert AuditEntry.objects.filter(action="user.banned").count() == 2


def test_admin_among_the_chosen_is_named_and_the_others_are_banned(
    pages, moderator, alice
):
    page = act(pages, "ban", moderator, alice, reason="Spam")

    assert sorted(messages_on(page)) == [
        "Kept out: 1.",
        "moderator@example.com: You cannot ban or suspend yourself.",
    ]
    assert [ban.user for ban in Ban.objects.all()] == [alice]


@pytest.mark.django_db(transaction=True)
def test_ban_of_many_and_of_one_of_them_concurrently_do_not_wait_for_each_other(pages):
    people = [person(f"User{n}") for n in range(8)]
    other = Client()
    other.force_login(person("Other", role=User.Role.ADMIN))

    for _ in range(5):
        responses = run_concurrently(
            lambda: act(pages, "ban", *people, reason="Spam"),
            lambda: act(other, "ban", people[-1], reason="Spam"),
        )

        # By the text, for the test client mixes the contexts of two threads.
        outcomes = [re.findall(r"Kept out: \d+", text_of(page)) for page in responses]
        assert outcomes == [["Kept out: 8"], ["Kept out: 1"]]
    assert Ban.objects.in_force().count() == 8
    assert AuditEntry.objects.filter(action="user.banned").count() == 45


@pytest.mark.django_db(transaction=True)
def test_ban_of_many_does_not_wait_for_who_signs_the_same_people_out(pages):
    people = [person(f"User{n}") for n in range(8)]
    other = Client()
    other.force_login(person("Other", role=User.Role.ADMIN))
    chosen = {
        "action": "sign_out_selected",
        "_selected_action": [user.pk for user in people],
    }

    for _ in range(5):
        for user in people:
            client_of(user)
        banned, signed_out = run_concurrently(
            lambda: act(pages, "ban", *people, reason="Spam"),
            lambda: other.post(PEOPLE, chosen, follow=True),
        )

        assert "Kept out: 8." in text_of(banned)
        assert "Signed out 8 everywhere." in text_of(signed_out)


@pytest.mark.parametrize("action", ["ban_selected", "sign_out_selected"])
def test_too_many_people_are_not_acted_on_at_once(pages, moderator, action):
    User.objects.bulk_create(User(name=f"User {n}") for n in range(51))
    chosen = {
        "action": action,
        "_selected_action": [moderator.pk],
        "select_across": "1",
    }

    page = pages.post(PEOPLE, chosen, follow=True)

    assert messages_on(page) == ["Choose at most 50 at a time."]
    assert not AuditEntry.objects.exists()


def test_ban_is_lifted_with_a_reason(pages, moderator, alice):
    act(pages, "ban", alice, reason="Spam")

    page = act(pages, "lift", alice, reason="It was a mistake")

    assert messages_on(page) == ["May come in again: 1."]
    assert client_of(alice).get(ME).status_code == 200
    ban = Ban.objects.get()
    assert (ban.lifted_by, ban.lift_reason) == (moderator, "It was a mistake")
    actions = AuditEntry.objects.order_by("position").values_list("action", flat=True)
    assert list(actions) == ["user.banned", "user.unbanned"]
    assert "It was a mistake" in text_of(pages.get(page_of(alice)))


def test_suspension_that_has_run_out_is_no_longer_shown_as_one(pages, alice, bob):
    User.objects.filter(pk=alice.pk).update(
        status="suspended", banned_until=NOW - timedelta(minutes=1)
    )
    act(pages, "ban", bob, reason="Spam")

    def found(status: str) -> set[User]:
        page = pages.get(PEOPLE, {"status": status})
        return set(page.context["cl"].result_list) - {page.wsgi_request.user}

    assert (found("active"), found("suspended"), found("banned")) == (
        {alice},
        set(),
        {bob},
    )
    assert 'class="barred"' not in text_of(pages.get(page_of(alice)))


@pytest.mark.parametrize("name", ["ban", "lift", "promote", "demote"])
@pytest.mark.parametrize("query", ["", "?id=nonsense", f"?id={'0' * 24}"])
def test_act_on_nobody_is_not_found(pages, name, query):
    assert pages.get(f"{PEOPLE}{name}/{query}").status_code == 404
    assert pages.post(f"{PEOPLE}{name}/{query}").status_code == 404


@pytest.mark.parametrize("name", ["ban", "lift", "promote", "demote"])
def test_form_of_another_site_acts_on_nobody(moderator, alice, name):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(moderator)

    page = browser.post(f"{PEOPLE}{name}/?id={alice.pk}", {"reason": "Spam"})

    assert page.status_code == 403
    assert not AuditEntry.objects.exists()


# Roles


def test_role_is_given_and_taken_away(pages, moderator, alice):
    given = act(pages, "promote", alice)
    alice.refresh_from_db()
    role = alice.role
    taken = act(pages, "demote", alice)

    assert (role, messages_on(given)) == ("admin", ["Made an admin: 1."])
    assert messages_on(taken) == ["No longer an admin: 1."]
    alice.refresh_from_db()
    assert alice.role == "user"
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert list(actions) == ["user.role_changed"] * 2


@pytest.mark.parametrize("name", ["promote", "demote"])
def test_own_role_is_not_changed(pages, moderator, name):
    page = act(pages, name, moderator)

    assert "You cannot change your own role." in messages_on(page)[0]
    moderator.refresh_from_db()
    assert moderator.role == "admin"


def test_guest_is_not_made_an_admin(pages):
    guest = User.objects.add_guest()

    page = act(pages, "promote", guest)

    assert "A guest cannot be an admin." in messages_on(page)[0]


def test_page_offers_what_makes_sense(pages, moderator, alice):
    other = person("Other", role=User.Role.ADMIN)
    banned = person("Banned", status="banned")

    def offered(user: User) -> list[str]:
        acts = pages.get(page_of(user)).context["acts"]
        return [act["url"].split("/")[-2] for act in acts]

    assert offered(alice) == ["ban", "promote"]
    assert offered(banned) == ["lift", "ban"]
    assert offered(other) == ["demote"]
    assert offered(moderator) == []
    assert offered(User.objects.add_guest()) == ["ban"]
