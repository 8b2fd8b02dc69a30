from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import SignIn
from accounts.user_agents import device_name
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.people import client_of

DEVICES = "/api/auth/devices"
ME = "/api/auth/me"


def sign_in(user, *, device: str = "", at=None) -> SignIn:
    started = SignIn.objects.start(user=user, user_agent=device, ip_address="192.0.2.7")
    if at:
        SignIn.objects.filter(pk=started.pk).update(last_used_at=at)
    return started


def test_devices_are_listed_last_used_first(api, alice, bob):
    current = alice.sign_ins.get()
    now = timezone.now()
    older = sign_in(alice, device="curl/8.5.0", at=now - timedelta(hours=2))
    newer = sign_in(alice, device="HTTPie/3.2", at=now - timedelta(hours=1))
    sign_in(bob)

    response = api.get(DEVICES)

    assert response.status_code == 200
    assert [row["_id"] for row in response.json()] == [current.pk, newer.pk, older.pk]
    assert [row["current"] for row in response.json()] == [True, False, False]


def test_device_has_all_its_fields(api, alice):
    phone = sign_in(alice, device="curl/8.5.0", at=timezone.now() - timedelta(days=1))
    phone.refresh_from_db()

    response = api.get(DEVICES)

    assert response.json()[1] == {
        "_id": phone.pk,
        "device": "curl/8.5.0",
        "ipAddress": "192.0.2.7",
        "createdAt": format_instant(phone.created_at),
        "lastUsedAt": format_instant(phone.last_used_at),
        "expiresAt": format_instant(phone.expires_at),
        "current": False,
    }


def test_ended_sign_ins_are_not_listed(api, alice):
    SignIn.objects.filter(pk=sign_in(alice).pk).revoke()
    expired = sign_in(alice)
    now = timezone.now()
    SignIn.objects.filter(pk=expired.pk).update(
        created_at=now - timedelta(days=30), expires_at=now
    )

    response = api.get(DEVICES)

    assert [row["current"] for row in response.json()] == [True]


def test_list_query_count_does_not_grow(api, alice, django_assert_num_queries):
    for _ in range(5):
        sign_in(alice)

    with django_assert_num_queries(2):  # the token and the list
        response = api.get(DEVICES)

    assert len(response.json()) == 6


def test_device_is_signed_out(api, alice):
    phone = client_of(alice)
    [row] = [row for row in phone.get(DEVICES).json() if row["current"]]
    kept = alice.sign_ins.exclude(pk=row["_id"])

    response = api.delete(f"{DEVICES}/{row['_id']}")

    assert response.status_code == 200
    assert response.json().keys() == {"message"}
    assert phone.get(ME).status_code == 401
    assert api.get(ME).status_code == 200
    assert SignIn.objects.get(pk=row["_id"]).revoked_at is not None
    assert kept.live().count() == 1


def test_device_in_use_may_be_signed_out(api, alice):
    current = alice.sign_ins.get()

    response = api.delete(f"{DEVICES}/{current.pk}")

    assert response.status_code == 200
    assert api.get(ME).status_code == 401


def test_device_of_another_is_not_found(api, bob):
    theirs = sign_in(bob)

    response = api.delete(f"{DEVICES}/{theirs.pk}")

    assert response.status_code == 404
    theirs.refresh_from_db()
    assert SignIn.objects.live().filter(pk=theirs.pk).exists()


def test_device_is_signed_out_once(api, alice):
    phone = sign_in(alice)
    api.delete(f"{DEVICES}/{phone.pk}")

    response = api.delete(f"{DEVICES}/{phone.pk}")

    assert response.status_code == 404


@pytest.mark.parametrize("row", ["507f1f77bcf86cd799439011", "1", "nonsense"])
def test_unknown_device_is_not_found(api, alice, row):
    response = api.delete(f"{DEVICES}/{row}")

    assert response.status_code == 404
    assert alice.sign_ins.live().count() == 1


def test_all_other_devices_are_signed_out(api, alice, bob):
    current = alice.sign_ins.get()
    phone, friend = client_of(alice), client_of(bob)

    response = api.delete(DEVICES)

    assert response.status_code == 200
    assert response.json().keys() == {"message"}
    assert phone.get(ME).status_code == 401
    assert friend.get(ME).status_code == 200
    assert list(alice.sign_ins.live()) == [current]


def test_single_device_has_no_other_methods(api, alice):
    current = alice.sign_ins.get()

    statuses = {
        method: getattr(api, method)(f"{DEVICES}/{current.pk}").status_code
        for method in ("get", "post", "put", "patch")
    }

    assert statuses == dict.fromkeys(statuses, 405)


CHROME = "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
SAFARI = "(KHTML, like Gecko) Version/18.1 Safari/605.1.15"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {CHROME}",
            "Chrome on Windows",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 {CHROME} Edg/131.0.0.0",
            "Edge on Windows",
        ),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {CHROME} OPR/115.0",
            "Opera on Linux",
        ),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 {CHROME}",
            "Chrome on ChromeOS",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {CHROME}",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            + SAFARI,
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 "
            "(KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605 FxiOS/133.0",
            "Firefox on iPad",
        ),
        ("Firefox/133.0", "Firefox"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("python-requests/2.32.3 extra", "python-requests/2.32.3"),
        ("FocusMaster", "FocusMaster"),
        ("x" * 500, "x" * 100),
        ("<script>alert(1)</script>", "Unknown device"),
        ("ÄÖÜ", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_device_is_named_after_its_user_agent(user_agent, name):
    assert device_name(user_agent) == name
