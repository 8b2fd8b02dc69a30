"""`manage.py prune`: what has expired goes, what people still have stays."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import (
    Consent,
    EmailChange,
    FailedSignIn,
    PasswordReset,
    SignIn,
    User,
)
from accounts.tests.rows import ORIGIN
from focusmaster.models import Counter, StoredAnswer
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of, person
from focusmaster.tests.personal_rows import make_rows
from focusmaster.tests.startup import check
from integrations.models import UsedSpotifyState
from kanban.models import Task
from moderation import retention
from moderation.models import AuditEntry, ErrorGroup, ErrorOccurrence
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

NOW = timezone.now()
DAY = timedelta(days=1)


def pruned(*options: str) -> str:
    out = StringIO()
    call_command("prune", *options, stdout=out)
    return out.getvalue()


def guest_from(days_ago: float) -> User:
    """Make a guest who came so many days ago and was not seen since."""
    guest = User.objects.add_guest()
    SignIn.objects.start(user=guest, **ORIGIN)
    seen = NOW - days_ago * DAY
    User.objects.filter(pk=guest.pk).update(created_at=seen)
    SignIn.objects.filter(user=guest).update(created_at=seen, last_used_at=seen)
    return guest


def ended_sign_in(user: User, **ended_days_ago: float) -> SignIn:
    sign_in = SignIn.objects.start(user=user, **ORIGIN)
    columns = {name: NOW - days * DAY for name, days in ended_days_ago.items()}
    SignIn.objects.filter(pk=sign_in.pk).update(created_at=NOW - 400 * DAY, **columns)
    return sign_in


# Sign-ins


def test_sign_ins_that_ended_90_days_ago_go_and_others_stay(alice):
    gone = [
        ended_sign_in(alice, revoked_at=91),
        ended_sign_in(alice, expires_at=91),
        ended_sign_in(alice, revoked_at=200, expires_at=180),
        ended_sign_in(alice, revoked_at=91, expires_at=1),
    ]
    kept = [
        SignIn.objects.start(user=alice, **ORIGIN),
        ended_sign_in(alice, revoked_at=89),
        ended_sign_in(alice, expires_at=89),
    ]

    assert f"{len(gone)} ended sign-ins" in pruned("--dry-run")
    assert SignIn.objects.count() == len(gone) + len(kept)
    assert f"Deleted 0 idle guests, {len(gone)} ended sign-ins" in pruned()
    assert set(SignIn.objects.all()) == set(kept)
    assert "0 ended sign-ins" in pruned()


@pytest.mark.parametrize(("days", "left"), [(10, 0), (80, 1)])
def test_period_of_sign_ins_is_a_setting(alice, settings, days, left):
    settings.RETENTION = {**settings.RETENTION, "sign_ins": days * DAY}
    ended_sign_in(alice, revoked_at=50)

    pruned()

    assert SignIn.objects.count() == left


# Guests


def test_idle_guest_goes_with_all_they_own(db):
    guest = guest_from(31)
    task = Task.objects.create(user=guest, title="Try it")
    PomodoroSession.objects.log(
        user_id=guest.pk,
        task_id=task.pk,
        type="focus",
        started_at=NOW - 31 * DAY,
        duration=1500,
    )

    assert "Would delete 1 idle guests" in pruned("--dry-run")
    assert User.objects.filter(pk=guest.pk).exists()
    assert "Deleted 1 idle guests" in pruned()

    for model in (User, SignIn, Task, PomodoroSession):
        assert not model.objects.exists()


def test_idle_guest_leaves_what_a_deleted_account_leaves(db, moderator):
    erased, deleted = guest_from(31), person("Bob")
    User.objects.filter(pk=erased.pk).update(name="Secret Name")
    for user in (erased, deleted):
        url = f"/api/admin/users/{user.pk}/ban"
        client_of(moderator).patch(url, {"reason": "Spam"})
    SignIn.objects.filter(user=erased).update(last_used_at=NOW - 31 * DAY)

    pruned()

    entries = AuditEntry.objects.filter(target_id=erased.pk)
    assert entries.count() == 1
    assert "Secret Name" not in repr(entries.values())
    call_command("verify_audit_log", stdout=StringIO())


def test_guest_who_was_here_and_people_with_an_account_stay(db):
    recent, back_again = guest_from(29), guest_from(300)
    SignIn.objects.start(user=back_again, **ORIGIN)
    became_someone = guest_from(300)
    SignIn.objects.filter(user=became_someone).delete()
    User.objects.register(
        name="Ada", email="ada@example.com", password=None, guest=became_someone
    )
    old = person("Old")
    User.objects.filter(pk=old.pk).update(created_at=NOW - 3000 * DAY)

    assert "Deleted 0 idle guests" in pruned()
    assert {recent, back_again, became_someone, old} <= set(User.objects.all())


def test_rows_of_people_who_stay_are_kept_however_old(alice):
    make_rows(alice)
    long_ago = NOW - 3000 * DAY
    for model in (Task, PomodoroSession, WorkLog):
        columns = {"created_at": long_ago, "updated_at": long_ago}
        assert model.objects.filter(user=alice).update(**columns)
    before = [model.objects.count() for model in (Task, PomodoroSession, WorkLog)]

    pruned()

    after = [model.objects.count() for model in (Task, PomodoroSession, WorkLog)]
    assert after == before


# What ends by itself


def test_codes_links_sessions_and_stored_answers_go_once_they_have_expired(alice, bob):
    for user, at in ((alice, NOW - DAY), (bob, NOW)):
        EmailChange.objects.start(user=user, new_email=f"new.{user.email}", at=at)
        PasswordReset.objects.start(user=user, at=at)
    for number, at in enumerate([NOW - DAY, NOW + DAY]):
        Session.objects.create(session_key=f"key{number}", expire_date=at)
        Counter.objects.create(key=f"key{number}", count=1, expires_at=at)
        UsedSpotifyState.objects.create(nonce=f"nonce{number}", expires_at=at)
    for number, (user, hours) in enumerate(
        [(alice, 25), (None, 25), (alice, 23), (None, 23)]
    ):
        StoredAnswer.objects.create(
            id=bytes([number] * 32),
            user=user,
            fingerprint=bytes(32),
            answer=b"x",
            created_at=NOW - timedelta(hours=hours),
        )
    consents = {"essential": True, "analytics": False, "marketing": False}
    for user in (None, None, alice):
        Consent.objects.log(user=user, **consents, **ORIGIN)
    oldest = Consent.objects.filter(user=None).first()
    Consent.objects.filter(pk=oldest.pk).update(created_at=NOW - 400 * DAY)
    Consent.objects.filter(user=alice).update(created_at=NOW - 400 * DAY)

    told = pruned()

    for count in (
        "1 sessions of staff",
        "1 codes for an address",
        "1 links for a password",
        "1 states of Spotify",
        "2 stored answers",
        "1 counters",
        "1 anonymous consents",
    ):
        assert f", {count}," in told
    assert EmailChange.objects.get().user == bob
    assert PasswordReset.objects.get().user == bob
    assert Session.objects.get().session_key == "key1"
    assert StoredAnswer.objects.count() == 2
    assert Consent.objects.count() == 2


def test_errors_go_30_days_after_they_last_happened(db):
    for number, days in enumerate([31, 29]):
        at = NOW - days * DAY
        ErrorGroup.objects.note(
            fingerprint=bytes([number] * 32),
            message="KeyError",
            stack="",
            at=at,
            path="/api/tasks",
            method="GET",
            status_code=500,
            user_id=None,
            request_id="r",
        )
        FailedSignIn.objects.note(name="", where="api", at=at, **ORIGIN)
    kept = ErrorGroup.objects.latest("last_seen_at")

    told = pruned()

    assert "1 failed sign-ins" in told
    assert ErrorGroup.objects.get() == kept
    assert ErrorOccurrence.objects.get().group == kept


# Beside others


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_delete_everything_once():
    alice = person("Alice")
    long_ago = {"created_at": NOW - 200 * DAY, "last_used_at": NOW - 200 * DAY}
    ended = {"user": alice, "device": "", "expires_at": NOW - 91 * DAY, **long_ago}
    SignIn.objects.bulk_create(SignIn(**ended) for _ in range(3500))
    for _ in range(20):
        guest_from(40)

    told = run_concurrently(*[lambda: list(retention.prune(at=NOW))] * 3)

    total = {name: sum(dict(run)[name] for run in told) for name in dict(told[0])}
    assert (total["idle guests"], total["ended sign-ins"]) == (20, 3500)
    assert [user.name for user in User.objects.all()] == ["Alice"]
    assert not SignIn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_guest_who_comes_back_at_that_moment_stays():
    guest, gone = guest_from(40), guest_from(40)
    place = connection.settings_dict
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"]
    ) as coming:
        coming.execute(
            "SELECT 1 FROM accounts_user WHERE id = %s FOR NO KEY UPDATE",
            [bytes.fromhex(guest.pk)],
        )
        runs = run_concurrently(pruned)  # It does not wait for the guest.

    assert [run.partition(",")[0] for run in runs] == ["Deleted 1 idle guests"]
    assert list(User.objects.all()) == [guest]
    assert gone.pk != guest.pk


# Settings


@pytest.mark.parametrize("name", ["SIGN_INS", "GUESTS", "ERRORS"])
@pytest.mark.parametrize("value", ["0", "-1", "", "x", "36501"])
def test_period_that_is_none_ends_the_start(tmp_path, name, value):
    ended = check(tmp_path, **{f"RETENTION_{name}_DAYS": value})

    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert f"RETENTION_{name}_DAYS must be a whole number from 1 to 36500" in line
