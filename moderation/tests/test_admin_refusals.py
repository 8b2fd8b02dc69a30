"""Every page for staff is refused to everybody else: also one that comes later."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from accounts.models import User
from focusmaster.tests.people import person

ROOT, SIGN_IN, SIGN_OUT = "/admin/", "/admin/login/", "/admin/logout/"
ID = "507f1f77bcf86cd799439011"


def paths(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for one in patterns:
        path = prefix + example_of(one.pattern)
        if isinstance(one, URLResolver):
            yield from paths(one.url_patterns, path)
        else:
            yield path


def example_of(pattern) -> str:
    """Return a path that the pattern takes."""
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", example_of_part, str(pattern))
    # Django's own: the pages of an app, and everything that is no page.
    text = str(pattern).lstrip("^").rstrip("$")
    named = re.sub(r"\(\?P<app_label>[^)]*\)", "moderation", text)
    return re.sub(r"\(\?P<url>\.\*\)", "nowhere", named)


def example_of_part(part: re.Match[str]) -> str:
    return {"content_type_id": "1"}.get(part[1], ID)


PATHS = sorted({*paths(admin.site.get_urls(), ROOT)} - {SIGN_IN, SIGN_OUT})


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def is_refused(client: Client, path: str) -> bool:
    """Tell whether both methods send the browser to sign in, if they are known."""
    answers = [client.get(path), client.post(path, {"post": "yes"})]
    known = [answer for answer in answers if answer.status_code != 405]
    return bool(known) and all(
        answer.status_code == 302 and answer["Location"].startswith(SIGN_IN)
        for answer in known
    )


def test_the_walk_finds_the_pages():
    assert {path.replace(ID, ":id") for path in PATHS} >= {
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


@pytest.mark.parametrize("path", PATHS)
def test_path_of_the_walk_leads_to_a_page(path):
    get_resolver().resolve(path)


def open_to(client: Client) -> list[str]:
    return [path for path in PATHS if not is_refused(client, path)]


@pytest.mark.usefixtures("db")
def test_pages_are_refused_without_signing_in():
    assert open_to(Client()) == []


def test_pages_are_refused_to_a_user(alice):
    assert open_to(browser_of(alice)) == []


@pytest.mark.usefixtures("db")
def test_pages_are_refused_to_a_guest():
    assert open_to(browser_of(User.objects.add_guest())) == []


@pytest.mark.parametrize(
    "change", [{"status": "banned"}, {"status": "suspended"}, {"role": "user"}]
)
def test_pages_are_refused_at_once_to_an_admin_who_is_barred_or_demoted(
    moderator, change
):
    browser = browser_of(moderator)
    assert browser.get(ROOT).status_code == 200

    User.objects.filter(pk=moderator.pk).update(**change)

    assert open_to(browser) == []


def test_pages_are_not_refused_to_staff(moderator):
    browser = browser_of(moderator)

    for path in PATHS:
        page = browser.get(path)
        if page.streaming:
            page.getvalue()  # Closes the file.

        assert not page.get("Location", "").startswith(SIGN_IN), path
        assert page.status_code < 500, path


def test_admin_who_is_demoted_on_the_pages_is_out_at_once(moderator):
    other = person("Other", role=User.Role.ADMIN)
    theirs = browser_of(other)
    assert theirs.get(ROOT).status_code == 200

    browser_of(moderator).post(f"/admin/accounts/user/demote/?id={other.pk}")

    assert theirs.get(ROOT).status_code == 302
    other.refresh_from_db()
    assert other.role == "user"
