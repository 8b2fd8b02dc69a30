"""Staff's lists: what they find, and that they stay quick with millions of rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.paginator import EmptyPage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import admin as accounts_admin
from accounts import admin_site
from accounts.admin_site import EstimatingPaginator
from accounts.models import Consent, FailedSignIn, SignIn, User
from accounts.tests.rows import ORIGIN, make_rows
from focusmaster.tests.people import person

PREFERENCES = {"essential": True, "analytics": False, "marketing": False}
USERS, SIGN_INS, FAILED, CONSENTS = (
    f"/admin/accounts/{model}/"
    for model in ("user", "signin", "failedsignin", "consent")
)


@pytest.fixture
def staff(moderator) -> Client:
    client = Client()
    client.force_login(moderator)
    return client


def listed(client: Client, path: str, **query: str) -> list:
    page = client.get(path, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def note(name: str, **fields) -> FailedSignIn:
    FailedSignIn.objects.note(name=name, **{"where": "api"} | ORIGIN | fields)
    return FailedSignIn.objects.latest("created_at", "id")


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        # The session, its user, the number of rows, the rows.
        (USERS, 4),
        (SIGN_INS, 4),
        (CONSENTS, 4),
        # And the first and last day, and the days between.
        (FAILED, 6),
    ],
)
def test_list_takes_as_many_queries_however_many_rows(
    staff, alice, bob, django_assert_num_queries, path, queries
):
    for user in (alice, bob, person("Carol")):
        make_rows(user)

    with django_assert_num_queries(queries):
        page = staff.get(path)

    assert len(page.context["cl"].result_list) >= 3


def test_page_of_a_person_takes_as_many_queries_however_many_rows(staff, alice):
    path = f"{USERS}{alice.pk}/change/"
    staff.get(path)
    with CaptureQueriesContext(connection) as without:
        staff.get(path)
    for _ in range(5):
        SignIn.objects.start(user=alice, **ORIGIN)

    with CaptureQueriesContext(connection) as with_rows:
        page = staff.get(path)

    assert page.content.decode().count(">Sign out</button>") == 5
    assert len(with_rows) == len(without)


def test_list_is_newest_first(staff, moderator):
    users = [person(name) for name in ("First", "Second")]
    for user, first in zip(users, "01", strict=True):
        User.objects.filter(pk=user.pk).update(name=f"{user.name} {first}")

    assert listed(staff, USERS) == sorted(
        User.objects.all(), key=lambda user: user.pk, reverse=True
    )


def test_sign_ins_are_found_by_whose_they_are(staff, alice, bob):
    hers = SignIn.objects.start(user=alice, **ORIGIN)
    SignIn.objects.start(user=bob, **ORIGIN)

    assert listed(staff, SIGN_INS, q="ALICE@") == [hers]


def test_sign_ins_are_filtered_by_state(staff, alice):
    live, ended = (SignIn.objects.start(user=alice, **ORIGIN) for _ in range(2))
    SignIn.objects.filter(pk=ended.pk).revoke()

    assert listed(staff, SIGN_INS, state="live") == [live]
    assert listed(staff, SIGN_INS, state="ended") == [ended]


def test_failed_sign_ins_are_found_by_the_email_that_was_typed(staff, alice):
    known, unknown = note(alice.email), note("nobody@example.com")

    assert listed(staff, FAILED, q="Alice@Example.com") == [known]
    assert listed(staff, FAILED, q="nobody@example.com") == [unknown]
    assert listed(staff, FAILED, q=unknown.name_digest) == [unknown]
    assert listed(staff, FAILED, q="nobody") == []


def test_failed_sign_ins_are_found_by_address(staff):
    from_there = note("x", ip_address="2001:db8::7")
    note("x")

    assert listed(staff, FAILED, q="2001:DB8::7") == [from_there]


def test_failed_sign_ins_are_filtered_by_place_and_account(staff, alice):
    known, unknown = note(alice.email), note("x", where="google")

    assert listed(staff, FAILED, where__exact="google") == [unknown]
    assert listed(staff, FAILED, account="known") == [known]
    assert listed(staff, FAILED, account="unknown") == [unknown]


def test_failed_sign_ins_are_listed_by_day(staff):
    now = timezone.now()
    today = note("x", at=now)
    day = {"year": now.year, "month": now.month, "day": now.day}

    query = {f"created_at__{part}": str(value) for part, value in day.items()}

    assert listed(staff, FAILED, **query) == [today]


def test_attempt_without_address_or_name_is_listed(staff):
    failed = note("", ip_address=None, where="google")

    assert listed(staff, FAILED) == [failed]


def test_consents_are_filtered_and_found(staff, alice):
    hers = Consent.objects.log(user=alice, **PREFERENCES, **ORIGIN)
    nobodys = Consent.objects.log(
        user=None, **PREFERENCES | {"analytics": True}, **ORIGIN
    )

    assert listed(staff, CONSENTS, q="ali") == [hers]
    assert listed(staff, CONSENTS, analytics__exact="1") == [nobodys]


@pytest.mark.parametrize("path", [USERS, SIGN_INS, FAILED, CONSENTS])
def test_search_that_finds_nobody_is_an_empty_list(staff, path):
    assert listed(staff, path, q="nobody at all '\"%") == []


# Long lists


@pytest.fixture
def long_list(db, monkeypatch):
    """Twenty rows, where more than four count as many and two pages as far."""
    now = timezone.now()
    FailedSignIn.objects.bulk_create(
        FailedSignIn(where="api", device=str(number), created_at=now)
        for number in range(20)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_failedsignin")
    monkeypatch.setattr(admin_site, "COUNTED", 4)
    monkeypatch.setattr(admin_site, "PAGES", 2)
    return FailedSignIn.objects.order_by("-id")


def test_long_list_is_not_counted(long_list, django_assert_num_queries):
    paginator = EstimatingPaginator(long_list, 5)

    with django_assert_num_queries(2) as queries:
        assert paginator.count == 20

    counting, estimating = queries.captured_queries
    assert "LIMIT 5" in counting["sql"]
    assert estimating["sql"].startswith("EXPLAIN")


def test_short_list_is_counted(long_list):
    paginator = EstimatingPaginator(long_list.filter(device__in=["1", "2"]), 5)

    assert paginator.count == 2


def test_pages_far_back_are_not_offered(long_list):
    paginator = EstimatingPaginator(long_list, 5)

    assert paginator.num_pages == 2
    assert len(paginator.page(2)) == 5
    with pytest.raises(EmptyPage):
        paginator.page(3)


def test_later_page_reads_the_ids_alone_of_the_rows_before(
    long_list, django_assert_num_queries
):
    rows = list(long_list)

    page = EstimatingPaginator(long_list.select_related("user"), 5).page(2)
    with django_assert_num_queries(1) as queries:
        found = list(page)

    assert found == rows[5:10]
    assert "OFFSET" not in queries.captured_queries[0]["sql"]


def test_filter_for_guests_uses_the_index(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = User.objects.guests().order_by("-pk").explain()

    assert "accounts_user_guests" in plan


def test_search_looks_among_the_newest_people_of_that_name(staff, monkeypatch):
    monkeypatch.setattr(accounts_admin, "MOST_PEOPLE", 2)
    # An id begins with the second in which it was made.
    for second, name in enumerate(("Ann", "Anna", "Annika")):
        user = person(name, pk=f"{second:08x}{0:016x}")
        SignIn.objects.start(user=user, **ORIGIN)

    found = listed(staff, SIGN_INS, q="ann")

    assert {sign_in.user.name for sign_in in found} == {"Annika", "Anna"}


def test_page_of_a_person_shows_the_newest_sign_ins(staff, alice, monkeypatch):
    monkeypatch.setattr(accounts_admin, "SHOWN", 2)
    # An id begins with the second in which it was made.
    ids = [f"{second:08x}{0:016x}" for second in range(4)]
    for pk in (ids[2], ids[0], ids[3], ids[1]):
        sign_in = SignIn.objects.start(user=alice, **ORIGIN)
        SignIn.objects.filter(pk=sign_in.pk).update(id=pk)

    page = staff.get(f"{USERS}{alice.pk}/change/").content.decode()

    assert [pk for pk in ids if f'value="{pk}"' in page] == ids[2:]


def test_days_between_the_first_and_the_last_failed_sign_in_are_offered(staff):
    for day in (3, 6):
        at = datetime(2026, 3, day, 12, tzinfo=UTC)
        FailedSignIn.objects.create(where="api", created_at=at)

    page = staff.get(FAILED, {"created_at__year": 2026, "created_at__month": 3})

    for day in (3, 4, 5, 6):
        assert f"created_at__day={day}&" in page.content.decode()
    assert "created_at__day=7&" not in page.content.decode()


def test_search_uses_the_indexes(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = User.objects.beginning_with("alice").explain()

    assert "accounts_user_email_prefix" in plan
    assert "accounts_user_name_prefix" in plan
