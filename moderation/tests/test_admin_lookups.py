"""Lists for staff take the filters that they show, and nothing else."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.admin_site import ReadOnlyAdmin
from focusmaster.tests.people import PASSWORD
from moderation.tests.browser import signed_in

MODELS = [model for model in apps.get_models() if admin.site.is_registered(model)]
by_model = pytest.mark.parametrize("model", MODELS, ids=lambda one: one._meta.label)


@pytest.fixture
def pages(moderator) -> Client:
    return signed_in(moderator)


def address_of(model) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


@by_model
def test_every_list_has_the_rule(model):
    assert isinstance(admin.site.get_model_admin(model), ReadOnlyAdmin)


@by_model
def test_undeclared_lookups_lead_to_the_whole_list(pages, model):
    address = address_of(model)
    names = [field.name for field in model._meta.get_fields() if field.concrete]
    queries = [
        *(f"{name}__startswith=a" for name in names),
        *(f"{name}__regex=(" for name in names),
        *("password__startswith=argon2", "user__password__startswith=argon2"),
        *("nonsense=1", "id__in=,", "_to_field=password", "_popup=1"),
    ]
    for query in queries:
        page = pages.get(f"{address}?{query}")

        assert (page.status_code, page.headers.get("Location")) == (
            302,
            f"{address}?e=1",
        ), query


@by_model
def test_absurd_values_are_no_fault_of_ours(pages, model):
    declared = admin.site.get_model_admin(model).declared_lookups(
        pages.get("/").wsgi_request
    )
    values = ["(", "%00", "-1", "99999999999999999999", "%ff", "", "true"]
    for name in [*sorted(declared), "q", "p", "o", "all", "e"]:
        for value in values:
            page = pages.get(f"{address_of(model)}?{name}={value}")

            assert page.status_code in (200, 302), (name, value)


def test_absurd_days_are_no_fault_of_ours(pages):
    for query in (
        "created_at__year=2026&created_at__month=2&created_at__day=31",
        "created_at__year=0",
        "created_at__year=9999",
        "created_at__month=13",
    ):
        page = pages.get(f"/admin/moderation/auditentry/?{query}")

        assert page.status_code in (200, 302), query


def test_filters_still_filter(pages, alice, moderator):
    page = pages.get("/admin/accounts/user/", {"role__exact": "admin"})

    assert list(page.context["cl"].result_list) == [moderator]


def test_table_of_the_audit_log_takes_the_same_filters(pages):
    table = reverse("admin:moderation_auditentry_table")

    found = pages.get(table, {"action": "user.banned"})
    assert (found.status_code, b"action" in found.getvalue()) == (200, True)
    assert pages.get(table, {"hash__startswith": "a"}).status_code == 302


def test_nothing_completes_what_is_typed(pages):
    query = {"app_label": "accounts", "model_name": "signin", "field_name": "user"}

    assert pages.get("/admin/autocomplete/", query).status_code == 404


# What browsers are told


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/user/"])
def test_pages_load_nothing_from_elsewhere(pages, path):
    policy = pages.get(path).headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "target", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)"]
)
def test_sign_in_leads_to_our_own_page_whatever_is_next(moderator, target):
    page = Client().post(
        f"/admin/login/?next={target}",
        {"username": moderator.email, "password": PASSWORD, "next": target},
    )

    assert (page.status_code, page.headers["Location"]) == (302, "/admin/")


def test_web_client_may_send_no_form_of_staff(moderator, settings):
    origin = settings.CLIENT_ORIGINS[0]
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(moderator)
    browser.get("/admin/")
    token = browser.get("/admin/password_change/").context["csrf_token"]
    form = {"csrfmiddlewaretoken": str(token)}

    assert browser.post("/admin/logout/", form, HTTP_ORIGIN=origin).status_code == 403
    ours = browser.post("/admin/logout/", form, HTTP_ORIGIN="http://testserver")
    assert ours.status_code == 200
