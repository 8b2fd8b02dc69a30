from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.exceptions import EmailTaken
from accounts.models import SETTING_LIMITS, Progress, SignIn, User
from focusmaster.db.fields import OBJECT_ID, MalformedId
from focusmaster.tests.people import PASSWORD

LATER = timezone.now() + timedelta(days=1)


def refused(constraint: str):
    return pytest.raises(IntegrityError, match=f'"{constraint}"')


def set_columns(user: User, **columns: object) -> None:
    """Write past every rule but the database's own."""
    User.objects.filter(pk=user.pk).update(**columns)


# What the database guarantees


@pytest.mark.parametrize("email", ["alice@example.com", "Alice@EXAMPLE.com"])
def test_database_refuses_a_second_user_with_an_email(alice, bob, email):
    with refused("accounts_user_email_key_unique"):
        set_columns(bob, email=email)


def test_database_takes_many_users_without_an_email(alice, bob):
    set_columns(alice, email="")
    set_columns(bob, email="")

    assert User.objects.filter(email="").count() == 2


def test_database_refuses_a_user_without_a_name(alice):
    with refused("accounts_user_has_name"):
        set_columns(alice, name="")


@pytest.mark.parametrize(
    "picture", ["http://example.com/a.png", "HTTPS://example.com", "x", "javascript:1"]
)
def test_database_refuses_a_picture_that_is_no_https_url(alice, picture):
    with refused("accounts_user_picture_is_https"):
        set_columns(alice, picture=picture)


def test_database_refuses_a_ban_reason_on_an_active_user(alice):
    with refused("accounts_user_active_has_no_ban"):
        set_columns(alice, ban_reason="Spam")


def test_database_refuses_a_ban_that_ends(alice):
    with refused("accounts_user_only_suspension_ends"):
        set_columns(alice, status="banned", banned_until=LATER)


@pytest.mark.parametrize("field", SETTING_LIMITS)
def test_database_refuses_a_setting_beyond_its_limits(alice, field):
    least, most = SETTING_LIMITS[field]

    set_columns(alice, **{field: least})
    set_columns(alice, **{field: most})

    with refused(f"accounts_user_{field}_in_range"):
        set_columns(alice, **{field: most + 1})


@pytest.mark.parametrize("field", sorted(SETTING_LIMITS.keys() - {"day_start"}))
def test_database_refuses_a_setting_of_zero(alice, field):
    with refused(f"accounts_user_{field}_in_range"):
        set_columns(alice, **{field: 0})


@pytest.mark.parametrize("field", ["role", "status", "theme", "week_start"])
def test_database_refuses_a_word_outside_of_its_set(alice, field):
    with refused(f"accounts_user_{field}_known"):
        set_columns(alice, **{field: "x"})


def test_database_refuses_less_than_no_points(alice):
    with refused("accounts_progress_points_check"):
        Progress.objects.filter(pk=alice.pk).update(points=-1)


def test_database_refuses_a_name_that_is_too_long(alice):
    with pytest.raises(DataError):
        set_columns(alice, name="x" * 101)


def test_database_refuses_a_sign_in_that_expires_before_it_began(alice):
    sign_in = SignIn.objects.start(user=alice, user_agent="", ip_address=None)

    with refused("accounts_signin_expires_after_start"):
        SignIn.objects.filter(pk=sign_in.pk).update(expires_at=sign_in.created_at)


def test_database_refuses_an_id_of_another_length(alice):
    with (
        refused("accounts_user_id_check"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_user SET id = '\\x00'")


# What the models promise


def test_id_begins_with_the_second_it_was_made(alice):
    assert OBJECT_ID.fullmatch(alice.pk)
    seconds = int(alice.pk[:8], 16)
    assert abs(seconds - timezone.now().timestamp()) < 60


def test_ids_do_not_repeat():
    ids = {User().pk for _ in range(1000)}

    assert len(ids) == 1000


@pytest.mark.parametrize("pk", ["", "x", "507F1F77BCF86CD799439011", 7, b"\x00" * 12])
def test_malformed_id_is_no_users(db, pk):
    with pytest.raises(MalformedId):
        User.objects.filter(pk=pk).exists()


def test_id_of_an_imported_user_is_kept(db):
    User.objects.create(pk="507f1f77bcf86cd799439011", name="Imported")

    assert User.objects.get().pk == "507f1f77bcf86cd799439011"


def test_registration_of_a_taken_email_leaves_the_transaction_usable(alice):
    with pytest.raises(EmailTaken):
        User.objects.register(name="Eve", email="ALICE@example.com", password=PASSWORD)

    assert User.objects.get() == alice


def test_bar_is_in_force_until_its_moment(alice):
    alice.status, alice.banned_until = User.Status.SUSPENDED, LATER

    assert alice.is_barred(at=LATER - timedelta(seconds=1))
    assert not alice.is_barred(at=LATER)
    assert alice.is_active is False


def test_only_an_admin_who_is_not_barred_may_see_the_pages_for_staff(alice, moderator):
    assert moderator.is_staff
    assert moderator.has_perm("accounts.change_user")
    assert not alice.is_staff
    assert not alice.has_perm("accounts.change_user")

    moderator.status = User.Status.BANNED

    assert not moderator.has_perm("accounts.change_user")
