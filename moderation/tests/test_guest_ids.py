"""A guest's id opens the account: no log, stored error or text of the audit has it."""

from __future__ import annotations

import json
import logging
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of, person
from integrations.tests.rows import make_rows as make_spotify_rows
from moderation.models import AuditRecord, ErrorGroup, ErrorOccurrence
from moderation.tests.browser import listed, signed_in

FORMATTER = import_string(settings.LOGGING["formatters"]["json"]["()"])()
PEOPLE = "/api/admin/users"
PAGES = "/admin/accounts/user"
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}


@pytest.fixture
def lines(caplog):
    """Return the lines that were logged, as the service writes them."""
    caplog.set_level(logging.INFO)
    return lambda: [FORMATTER.format(record) for record in caplog.records]


@pytest.fixture
def guest(db) -> User:
    return User.objects.add_guest()


def crash(caller: User | None, pk: str) -> None:
    """Send a request with this id that breaks a constraint."""
    client = client_of(caller) if caller else APIClient()
    client.raise_request_exception = False
    response = client.get(f"/api/faults/{pk}/broken-rule")
    assert response.status_code == 500


def what_a_guest_does(guest: User) -> None:
    APIClient().post("/api/auth/guest", {"guestId": guest.pk})
    client = client_of(guest)
    task = client.post("/api/tasks", {"title": "Read"}).json()["_id"]
    client.post("/api/sessions", BLOCK | {"task": task})
    client.get(f"/api/tasks/{guest.pk}")
    client.get(f"/api/nothing/{guest.pk.upper()}x/a{guest.pk}{guest.pk}")
    client.get(f"/api/nothing?id={guest.pk}")
    client.post("/api/feedback", {"message": "Hello"})
    client.get("/api/gdpr/export").close()


def what_staff_do_by_the_api(staff: APIClient, guest: User) -> None:
    mine = f"{PEOPLE}/{guest.pk}"
    reason = {"reason": "Spam"}
    for response in (
        staff.get(mine),
        staff.patch(f"{mine}/ban", reason),
        staff.patch(f"{mine}/unban", reason),
        staff.put(f"{mine}/status", {"status": "suspended", "banReason": "Spam"}),
        staff.put(f"{mine}/status", {"status": "active"}),
        staff.get("/api/admin/audit-logs", {"target": guest.pk}),
    ):
        assert response.status_code == 200, response.content
    assert staff.patch(f"{mine}/role", {"role": "admin"}).status_code == 409


def what_staff_do_on_the_pages(pages: Client, guest: User) -> None:
    make_spotify_rows(guest)
    sign_out = {"action": "sign_out_selected", "_selected_action": guest.pk}
    unlink = {"action": "unlink", "_selected_action": guest.spotify_link.pk}
    mine = f"{PAGES}/{guest.pk}"
    for response in (
        pages.get(f"{mine}/change/"),
        pages.get(f"{mine}/board/"),
        pages.post(f"{mine}/sign-out/"),
        pages.post(f"{PAGES}/", sign_out),
        pages.post(f"{PAGES}/ban/?id={guest.pk}", {"reason": "Spam"}),
        pages.post(f"{PAGES}/lift/?id={guest.pk}"),
        pages.post("/admin/integrations/spotifylink/", unlink),
        pages.get(f"{mine}/history/"),
    ):
        assert response.status_code in (200, 302)
    assert AuditRecord.objects.filter(action="page.changed").count() == 2
    assert AuditRecord.objects.filter(action="page.deleted").count() == 1


def texts_in_the_database() -> str:
    """Return the stored errors whole, and the audit log but for the column of ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(t, ' ') FROM ("
            "SELECT g::text FROM moderation_errorgroup g UNION ALL "
            "SELECT o::text FROM moderation_erroroccurrence o UNION ALL "
            "SELECT concat(details, metadata) FROM moderation_auditrecord UNION ALL "
            "SELECT text FROM moderation_auditparticulars UNION ALL "
            "SELECT concat(object_repr, change_message) FROM django_admin_log"
            ") AS texts (t)"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_id_of_a_guest_is_in_no_log_error_or_audit_text(settings, guest, staff, lines):
    settings.ROOT_URLCONF = "moderation.tests.faults"
    moderator = User.objects.get(role="admin")

    what_a_guest_does(guest)
    what_staff_do_by_the_api(staff, guest)
    what_staff_do_on_the_pages(signed_in(moderator), guest)
    for caller in (guest, moderator, None):
        crash(caller, guest.pk)

    written = "\n".join([*lines(), texts_in_the_database()]).lower()
    assert "spam" in written
    assert "broken-rule" in written
    assert ErrorOccurrence.objects.count() == 3
    assert AuditRecord.objects.filter(target_id=guest.pk).count() >= 6
    assert guest.pk not in written
    assert staff.get("/api/admin/health").status_code == 200
    assert guest.pk not in staff.get("/api/admin/health").content.decode()


def test_paths_in_logs_show_the_shape_of_the_request(staff, alice, guest, lines):
    for user in (alice, guest):
        staff.patch(f"{PEOPLE}/{user.pk}/ban", {"reason": "Spam"})

    assert [json.loads(line)["path"] for line in lines()] == [
        f"{PEOPLE}/{{id}}/ban"
    ] * 2


def test_lines_of_a_guest_share_a_name_that_opens_nothing(guest, lines):
    client = client_of(guest)
    client.get("/api/auth/me")
    client.get("/api/tasks")

    [name, again] = [json.loads(line)["user"] for line in lines()]
    assert name == again == guest.name_in_logs
    resumed = APIClient().post("/api/auth/guest", {"guestId": name}).json()
    assert resumed["_id"] not in (guest.pk, name)


def test_staff_find_a_guest_by_the_name_in_a_log(staff, moderator, guest, alice):
    name, pages = guest.name_in_logs, signed_in(moderator)
    client_of(guest)

    found = staff.get(PEOPLE, {"search": name}).json()
    assert ([user["_id"] for user in found["users"]], found["total"]) == ([guest.pk], 1)
    assert staff.get(f"{PEOPLE}/{name}").json()["_id"] == guest.pk
    assert listed(pages, f"{PAGES}/", q=name) == [guest]
    assert listed(pages, "/admin/accounts/signin/", q=name) == list(
        guest.sign_ins.all()
    )
    page = pages.get(f"{PAGES}/named/{name}/")
    assert page.headers["Location"] == f"{PAGES}/{guest.pk}/change/"


def test_staff_find_a_guest_under_an_earlier_secret_key(settings, staff, guest):
    name, key = guest.name_in_logs, str(settings.SECRET_KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one " * 5, [key]

    assert guest.name_in_logs != name
    assert list(User.objects.named_in_logs(name)) == [guest]
    assert list(User.objects.named_in_logs(guest.name_in_logs)) == [guest]


def test_staff_find_who_is_no_guest_by_the_id(staff, moderator, alice):
    assert alice.name_in_logs == alice.pk
    found = staff.get(PEOPLE, {"search": alice.pk}).json()
    assert [user["_id"] for user in found["users"]] == [alice.pk]
    assert listed(signed_in(moderator), f"{PAGES}/", q=alice.pk) == [alice]


def test_staff_find_a_guest_who_has_an_account_by_now(staff, guest):
    name = guest.name_in_logs
    account = {"name": "Carol", "email": "carol@example.com", "password": "for tea 22"}
    client_of(guest).post("/api/auth/register", account)

    assert staff.get(f"{PEOPLE}/{name}").json()["name"] == "Carol"


@pytest.mark.parametrize("name", ["0" * 24, "f" * 24])
def test_id_of_nobody_finds_nobody(staff, moderator, guest, name):
    assert staff.get(PEOPLE, {"search": name}).json()["users"] == []
    assert staff.get(f"{PEOPLE}/{name}").status_code == 404
    page = signed_in(moderator).get(f"{PAGES}/named/{name}/", follow=True)
    assert page.status_code == 200


def test_name_that_looks_like_an_id_is_found(staff):
    faded = person("Faded")
    User.objects.filter(pk=faded.pk).update(name="fade" * 6)

    found = staff.get(PEOPLE, {"search": "fade" * 6}).json()
    assert [user["_id"] for user in found["users"]] == [faded.pk]


def test_error_of_a_guest_links_to_them(settings, guest, moderator):
    settings.ROOT_URLCONF = "moderation.tests.faults"
    crash(guest, guest.pk)
    error, pages = ErrorGroup.objects.get(), signed_in(moderator)

    page = pages.get(f"/admin/moderation/errorgroup/{error.pk}/change/")

    link = f"{PAGES}/named/{guest.name_in_logs}/"
    assert link in page.content.decode()
    assert guest.pk not in page.content.decode()
    assert pages.get(link, follow=True).context["original"] == guest


def test_migration_takes_ids_out_of_errors_that_are_stored(guest, alice):
    migration = import_module("moderation.migrations.0012_errors_without_ids")
    facts = {"message": "KeyError", "stack": "", "method": "PATCH", "status_code": 500}
    for user in (guest, alice):
        path = f"/api/admin/users/{user.pk}/ban"
        ErrorGroup.objects.note(
            fingerprint=user.pk.encode(),
            user_id=user.pk,
            path=path,
            request_id="1",
            **facts,
        )

    migration.take_out_ids(apps, None)

    for errors in (ErrorGroup.objects, ErrorOccurrence.objects):
        assert set(errors.values_list("path", "user_id")) == {
            ("/api/admin/users/{id}/ban", guest.name_in_logs),
            ("/api/admin/users/{id}/ban", alice.pk),
        }
