"""What staff do on their pages is in the audit log, whichever page it is."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import SignIn, User
from accounts.tests.rows import make_rows as make_accounts_rows
from focusmaster.tests.people import PASSWORD, client_of
from integrations.models import SpotifyLink
from integrations.tests.rows import make_rows as make_integrations_rows
from moderation.models import AuditEntry, AuditRecord, Feedback

OWN_PASSWORD = "/admin/password_change/"
# Whatever can be done to the rows that are chosen in a list, on any page.
ACTIONS = [
    (model._meta.label, name)
    for model in apps.get_models()
    if admin.site.is_registered(model)
    for name in admin.site.get_model_admin(model).actions
]


def sign_out(pages: Client, user: User):
    return pages.post(f"/admin/accounts/user/{user.pk}/sign-out/")


def test_act_on_a_page_is_audited_with_where_it_came_from(pages, moderator, alice):
    client_of(alice)

    response = sign_out(pages, alice)

    assert response.status_code == 302
    assert not alice.sign_ins.live().exists()
    record = AuditRecord.objects.get()
    assert (record.action, record.actor_id) == ("page.changed", moderator.pk)
    assert (record.target_id, record.actor_name) == (alice.pk, "Moderator")
    assert record.details.startswith("Changed a row of user: ")
    assert record.metadata == {"model": "accounts.user", "key": alice.pk}
    assert (record.ip_address, record.user_agent) == ("127.0.0.1", "Firefox")
    assert LogEntry.objects.count() == 1


def test_new_password_of_ones_own_is_audited(pages, moderator):
    new = {"new_password1": "another 4 words", "new_password2": "another 4 words"}

    wrong = pages.post(OWN_PASSWORD, {"old_password": "a wrong one", **new})
    changed = pages.post(OWN_PASSWORD, {"old_password": PASSWORD, **new})

    assert (wrong.status_code, changed.status_code) == (200, 302)
    record = AuditRecord.objects.get()
    assert (record.actor_id, record.target_id) == (moderator.pk, moderator.pk)
    assert record.details == "Changed a row of user: Changed password."


def test_the_walk_finds_the_actions():
    assert {name for _, name in ACTIONS} >= {
        *("ban_selected", "sign_out_selected", "revoke_selected", "unlink"),
        "mark_closed",
    }


@pytest.mark.parametrize(("label", "action"), ACTIONS)
def test_action_on_a_row_is_audited(pages, moderator, alice, label, action):
    make_accounts_rows(alice)
    make_integrations_rows(alice)
    Feedback.objects.create(user=alice, message="Hello")
    model = apps.get_model(label)
    row = alice if model is User else model.objects.get(user=alice)
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    response = pages.post(page, {"action": action, "_selected_action": [row.pk]})

    # Or it asks first, on the page of an act.
    if f"?id={row.pk}" not in response["Location"]:
        record = AuditRecord.objects.get()
        assert (record.actor_id, record.target_id) == (moderator.pk, row.pk)


def test_act_on_several_rows_is_an_entry_for_each(pages, alice, bob):
    for user in (alice, bob):
        make_integrations_rows(user)
    chosen = list(SpotifyLink.objects.values_list("pk", flat=True))
    page = reverse("admin:integrations_spotifylink_changelist")

    pages.post(page, {"action": "unlink", "_selected_action": chosen})

    targets = AuditRecord.objects.values_list("metadata__key", "action")
    assert set(targets) == {(str(pk), "page.deleted") for pk in chosen}
    assert len(targets) == len(chosen) == 2


def test_row_of_a_person_is_theirs_in_the_log(pages, alice):
    client_of(alice)
    sign_in = SignIn.objects.get(user=alice)
    page = reverse("admin:accounts_signin_changelist")

    pages.post(page, {"action": "revoke_selected", "_selected_action": [sign_in.pk]})

    record = AuditRecord.objects.get()
    assert record.target_id == sign_in.pk
    assert record.metadata == {"model": "accounts.signin", "key": sign_in.pk}


def test_page_without_an_audit_entry_changes_nothing(pages, alice, monkeypatch):
    client_of(alice)

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(AuditEntry.objects, "record", fail)
    pages.raise_request_exception = False

    response = sign_out(pages, alice)

    assert response.status_code == 500
    assert not LogEntry.objects.exists()
    assert alice.sign_ins.live().exists()


def test_looking_at_pages_is_no_act(pages, alice):
    pages.get("/admin/")
    pages.get("/admin/accounts/user/")
    pages.get(f"/admin/accounts/user/{alice.pk}/change/")

    assert not AuditEntry.objects.exists()
