"""Who was refused a sign-in, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import FailedSignIn
from accounts.models.failed_sign_ins import KEPT, MOST_A_MINUTE, digest_of
from focusmaster.db.expiring import AT_ONCE

WHERE = FailedSignIn.Where
ORIGIN = {"user_agent": "Quuxfox/7.1", "ip_address": "203.0.113.77"}


def note(name: str, **fields) -> FailedSignIn:
    FailedSignIn.objects.note(name=name, **{"where": WHERE.API} | ORIGIN | fields)
    return FailedSignIn.objects.latest("created_at", "id")


def everything_stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(f::text, ' ') FROM accounts_failedsignin f")
        return cursor.fetchone()[0]


def test_attempt_on_an_account_is_kept_with_the_account(alice):
    failed = note("ALICE@example.com ")

    assert failed.user == alice
    assert failed.where == "api"
    assert failed.device == "Quuxfox/7.1"
    assert failed.ip_address == "203.0.113.77"
    assert timezone.now() - failed.created_at < timedelta(minutes=1)


@pytest.mark.parametrize("typed", ["my secret password 1", "nobody@example.com"])
def test_what_nobody_has_as_an_email_is_kept_unreadable(alice, typed):
    failed = note(typed)

    assert failed.user is None
    assert typed not in everything_stored()
    assert typed.partition("@")[0] not in everything_stored()


def test_same_name_has_the_same_mark(alice):
    first, again, other = map(note, ["bob@example.com", " BOB@Example.com", "eve@x.y"])

    assert first.name_digest == again.name_digest != other.name_digest


def test_mark_cannot_be_made_without_the_key(settings):
    mark = digest_of("bob@example.com")

    settings.SECRET_KEY = "another key of the fifty characters that it takes."

    assert digest_of("bob@example.com") != mark


def test_empty_name_is_no_guests(db):
    failed = note("")

    assert failed.user is None
    assert failed.name_digest == ""


def test_guests_have_no_attempts(alice):
    alice.email = ""
    alice.save()

    assert note("").user is None


def test_old_ones_go_a_few_with_each_new_one(db):
    now = timezone.now()
    young, old = (now - KEPT + timedelta(minutes=sign) for sign in (1, -1))
    FailedSignIn.objects.bulk_create(
        FailedSignIn(where="api", device="x", created_at=created_at)
        for created_at in [young] + [old] * (AT_ONCE + 1)
    )

    left = []
    for _ in range(2):
        note("x", at=now)
        left.append(FailedSignIn.objects.filter(created_at__lt=now - KEPT).count())

    assert left == [1, 0]
    assert FailedSignIn.objects.filter(created_at__lt=now - KEPT / 2).count() == 1


def test_flood_is_kept_up_to_a_number_a_minute(db):
    now = timezone.now()
    FailedSignIn.objects.bulk_create(
        FailedSignIn(where="api", device="x", created_at=now)
        for _ in range(MOST_A_MINUTE - 1)
    )

    note("x", at=now)
    note("x", at=now)

    assert FailedSignIn.objects.count() == MOST_A_MINUTE
    note("x", at=now + timedelta(minutes=2))
    assert FailedSignIn.objects.count() == MOST_A_MINUTE + 1


@pytest.mark.django_db(transaction=True)
def test_note_within_a_transaction_is_refused_rather_than_lost():
    with pytest.raises(RuntimeError), transaction.atomic():
        note("x")

    assert not FailedSignIn.objects.exists()


def test_known_and_unknown_names_take_the_same_statements(
    alice, django_assert_num_queries
):
    for name in (alice.email, "nobody@example.com"):
        # A savepoint (begun and released), the old ones, the last minute, the new one.
        with django_assert_num_queries(5):
            FailedSignIn.objects.note(name=name, where="api", **ORIGIN)


def test_database_refuses_an_attempt_from_elsewhere(db):
    with pytest.raises(IntegrityError, match="accounts_failedsignin_where_known"):
        FailedSignIn.objects.create(where="moon", created_at=timezone.now())
