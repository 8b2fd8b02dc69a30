"""The end of an account, and what is there after it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.erasure import erase_account
from accounts.models import FailedSignIn, SignIn, User
from accounts.models.failed_sign_ins import digest_of
from accounts.tests.rows import ADDRESS, BROWSER, ORIGIN
from focusmaster.personal_data import personal_data_entries
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, browser_of, client_of, person
from focusmaster.tests.personal_rows import make_rows
from focusmaster.tests.processes import until
from kanban.models import Task
from pomodoro.models import PomodoroSession

DELETE = "/api/gdpr/delete"
PROFILE = "/api/auth/profile"
BLOCK = {
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "duration": 1500,
}
PREFERENCES = {"essential": True, "analytics": False, "marketing": False}
BOTH = pytest.mark.parametrize("path", [DELETE, PROFILE])


def tables() -> list[str]:
    """Every table there is, also of what has no model."""
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def tables_with(*texts: str) -> set[str]:
    """The tables in which a row has one of these texts in any column."""
    patterns = [f"%{text}%" for text in texts]
    found = set()
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(
                f'SELECT 1 FROM "{table}" AS r WHERE r::text ILIKE ANY(%s) LIMIT 1',
                [patterns],
            )
            if cursor.fetchone():
                found.add(table)
    return found


def listed_to_outlive() -> set[str]:
    return {
        one.model._meta.db_table
        for one in personal_data_entries()
        if one.retained_because
    }


def note_staff_act(about: User, *, by: User) -> LogEntry:
    return LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=about.pk,
        object_repr=str(about),
        action_flag=CHANGE,
        change_message=f"Signed out {BROWSER}.",
    )


# What goes and what stays


def test_rows_of_every_kind_are_made_for_the_tests_below(alice):
    make_rows(alice)

    without = [
        one.model for one in personal_data_entries() if not one.rows(alice.pk).exists()
    ]
    assert without == []


@BOTH
def test_nothing_of_the_person_remains_but_an_id_where_listed(
    api, alice, moderator, path
):
    make_rows(alice)
    note_staff_act(alice, by=moderator)
    before = tables_with(alice.pk)

    response = api.delete(path)

    assert response.status_code == 200
    assert response.json().keys() == {"message"}
    assert tables_with(alice.name, alice.email, ADDRESS, BROWSER, "quux") == set()
    assert tables_with(alice.pk) <= listed_to_outlive()
    assert {one.model._meta.db_table for one in personal_data_entries()} <= before


@BOTH
def test_everything_of_others_remains(api, bob, path):
    make_rows(bob)
    before = [list(one.rows(bob.pk).values()) for one in personal_data_entries()]

    response = api.delete(path)

    assert response.status_code == 200
    assert [
        list(one.rows(bob.pk).values()) for one in personal_data_entries()
    ] == before


def test_what_staff_did_stays_with_the_id_alone(api, alice, moderator):
    act = note_staff_act(alice, by=moderator)

    api.delete(DELETE)

    act.refresh_from_db()
    assert act.object_id == act.object_repr == alice.pk
    assert act.change_message == ""
    assert act.user == moderator


def test_failed_sign_ins_from_before_the_account_go_too(db):
    FailedSignIn.objects.note(name="ALICE@example.com", where="api", **ORIGIN)
    FailedSignIn.objects.note(name="carol@example.com", where="api", **ORIGIN)
    alice = person("Alice")

    client_of(alice).delete(DELETE)

    (left,) = FailedSignIn.objects.all()
    assert left.name_digest == digest_of("carol@example.com")


def test_unknown_names_stay_when_a_guest_goes(db):
    FailedSignIn.objects.note(name="", where="google", **ORIGIN)
    guest = User.objects.add_guest()

    response = client_of(guest).delete(DELETE)

    assert response.status_code == 200
    assert FailedSignIn.objects.count() == 1
    assert not User.objects.exists()


# Who is out


@BOTH
def test_every_token_is_dead_at_once(api, alice, path):
    phone = client_of(alice)

    api.delete(path)

    assert phone.get(PROFILE).status_code == 401
    assert api.get(PROFILE).status_code == 401
    assert not SignIn.objects.exists()


@BOTH
def test_second_deletion_with_the_token_is_unauthorized(api, path):
    api.delete(path)

    response = api.delete(path)

    assert response.status_code == 401


@BOTH
def test_anonymous_caller_deletes_nothing(anonymous, alice, path):
    response = anonymous.delete(path)

    assert response.status_code == 401
    assert User.objects.get() == alice


@BOTH
def test_browser_forgets_the_token(alice, path):
    browser = browser_of(alice)

    response = browser.delete(path, headers={"origin": "http://testserver"})

    assert response.status_code == 200
    cookie = response.cookies[settings.TOKEN_COOKIE]
    assert cookie.value == ""
    assert cookie["max-age"] == 0


@BOTH
def test_another_site_deletes_nothing_with_the_cookie(alice, path):
    browser = browser_of(alice)

    response = browser.delete(path, headers={"origin": "https://evil.example"})

    assert response.status_code == 403
    assert User.objects.get() == alice


def test_email_can_be_registered_again(api, alice):
    api.delete(DELETE)

    response = APIClient().post(
        "/api/auth/register",
        {"name": "Alice", "email": alice.email, "password": PASSWORD},
    )

    assert response.status_code == 201
    assert response.json()["_id"] != alice.pk


def test_other_methods_of_the_export_delete_nothing(api, alice):
    response = api.delete("/api/gdpr/export")

    assert response.status_code == 405
    assert User.objects.get() == alice


# Admins


@BOTH
def test_last_admin_stays(moderator, path):
    response = client_of(moderator).delete(path)

    assert response.status_code == 409
    assert response.json()["code"] == "last_admin"
    assert User.objects.get() == moderator


def test_admin_beside_another_may_go_and_is_out_of_the_pages(moderator):
    person("Other", role=User.Role.ADMIN)
    browser = Client()
    credentials = {"username": moderator.email, "password": PASSWORD}
    browser.post("/admin/login/?next=/admin/", credentials)
    assert browser.get("/admin/").status_code == 200

    response = client_of(moderator).delete(DELETE)

    assert response.status_code == 200
    assert browser.get("/admin/").status_code == 302
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_admins_who_go_at_once_one_stays():
    admins = [person(name, role=User.Role.ADMIN) for name in ("Ada", "Bea")]
    clients = [client_of(admin) for admin in admins]

    statuses = run_concurrently(
        *(lambda client=client: client.delete(DELETE).status_code for client in clients)
    )

    assert sorted(statuses) == [200, 409]
    assert User.objects.count() == 1


# At the same moment


def erase_while(user: User, request: Callable[[], int]) -> int:
    """Erase the user while a request of theirs waits; return the request's status."""

    def send() -> int:
        try:
            return request()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)
            status = thread.submit(send)
            until(is_somebody_waiting)
            erase_account(user)
        return status.result()


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() != (0,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/sessions", BLOCK),
        ("/api/tasks", {"title": "Write"}),
        ("/api/gdpr/log-consent", {"preferences": PREFERENCES}),
    ],
)
def test_what_is_written_during_the_deletion_does_not_survive_it(path, body):
    alice = person("Alice")
    client = client_of(alice)

    status = erase_while(alice, lambda: client.post(path, body).status_code)

    assert status == 401
    assert tables_with(alice.pk) == set()


@pytest.mark.django_db(transaction=True)
def test_account_is_deleted_once_however_many_ask():
    alice = person("Alice")
    clients = [client_of(alice) for _ in range(4)]

    statuses = run_concurrently(
        *(lambda client=client: client.delete(DELETE).status_code for client in clients)
    )

    assert sorted(statuses) == [200, 401, 401, 401]
    assert not User.objects.exists()


def test_deletion_costs_no_query_for_each_row(alice, django_assert_max_num_queries):
    task = Task.objects.add(user=alice, title="Write")
    PomodoroSession.objects.bulk_create(
        PomodoroSession(
            user=alice, task=task, type="focus", started_at=task.created_at, duration=60
        )
        for _ in range(250)
    )

    with django_assert_max_num_queries(40):
        erase_account(alice)

    assert not PomodoroSession.objects.exists()
