"""Every admin page is refused to everybody but admins: also one that comes later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import User
from focusmaster.tests.people import person
from focusmaster.tests.routes import ID, pages_below
from moderation.tests.browser import signed_in

ROOT, SIGN_IN, SIGN_OUT = "/admin/", "/admin/login/", "/admin/logout/"
# What the path of a page has for other arguments than ids. The last two are of Django's
# own: the page of an app, and that of every other path.
EXAMPLES = {"int": "1", "content_type_id": "1"}
EXAMPLES |= {"app_label": "moderation", "url": "nowhere"}


def pages() -> dict[str, Callable]:
    """Return the view of each page by a path to it, without signing in and out."""
    # Of two views with one path, the first is the one that is shown.
    found = dict(reversed(pages_below("admin/", EXAMPLES)))
    return {path: found[path] for path in sorted(found.keys() - {SIGN_IN, SIGN_OUT})}


def is_refused(client: Client, path: str) -> bool:
    """Tell whether both methods redirect to signing in, as far as they are allowed."""
    responses = [client.get(path), client.post(path, {"post": "yes"})]
    allowed = [response for response in responses if response.status_code != 405]
    return bool(allowed) and all(
        response.status_code == 302 and response["Location"].startswith(SIGN_IN)
        for response in allowed
    )


def open_to(client: Client) -> list[str]:
    return [path for path in pages() if not is_refused(client, path)]


def test_the_walk_finds_the_pages():
    assert {path.replace(ID, ":id") for path in pages()} >= {
        "/admin/",
        "/admin/nowhere",
        "/admin/moderation/",
        "/admin/accounts/user/",
        "/admin/accounts/user/:id/change/",
        "/admin/accounts/user/:id/board/",
        "/admin/accounts/user/:id/sessions/",
        "/admin/accounts/user/:id/work-logs/",
        "/admin/accounts/user/ban/",
        "/admin/accounts/user/demote/",
        "/admin/moderation/auditentry/table.csv",
        "/admin/moderation/ban/",
        "/admin/moderation/errorgroup/",
        "/admin/moderation/feedback/:id/reply/",
        "/admin/password_change/",
        "/admin/timeclock/worklog/",
    }


def test_each_path_of_the_walk_leads_to_its_page():
    # Else another page, such as the one of every other path, would be tested for it.
    assert [path for path, view in pages().items() if resolve(path).func != view] == []


@pytest.mark.usefixtures("db")
def test_page_without_a_guard_is_found(settings):
    settings.ROOT_URLCONF = "moderation.tests.faults"

    assert open_to(Client()) == ["/admin/unguarded/1/"]


@pytest.mark.usefixtures("db")
def test_pages_are_refused_without_signing_in():
    assert open_to(Client()) == []


def test_pages_are_refused_to_a_user(alice):
    assert open_to(signed_in(alice)) == []


@pytest.mark.usefixtures("db")
def test_pages_are_refused_to_a_guest():
    assert open_to(signed_in(User.objects.add_guest())) == []


@pytest.mark.parametrize(
    "change", [{"status": "banned"}, {"status": "suspended"}, {"role": "user"}]
)
def test_pages_are_refused_at_once_to_an_admin_who_is_barred_or_demoted(
    moderator, change
):
    browser = signed_in(moderator)
    assert browser.get(ROOT).status_code == 200

    User.objects.filter(pk=moderator.pk).update(**change)

    assert open_to(browser) == []


def test_pages_are_not_refused_to_staff(moderator):
    browser = signed_in(moderator)

    for path in pages():
        page = browser.get(path)
        if page.streaming:
            page.getvalue()  # Closes the file.

        assert not page.get("Location", "").startswith(SIGN_IN), path
        assert page.status_code < 500, path


def test_admin_who_is_demoted_on_the_pages_is_out_at_once(moderator):
    other = person("Other", role=User.Role.ADMIN)
    theirs = signed_in(other)
    assert theirs.get(ROOT).status_code == 200

    signed_in(moderator).post(f"/admin/accounts/user/demote/?id={other.pk}")

    assert theirs.get(ROOT).status_code == 302
    other.refresh_from_db()
    assert other.role == "user"
