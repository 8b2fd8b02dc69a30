"""What people agreed to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Consent
from accounts.models.consents import ANONYMOUS_KEPT

LOG = "/api/gdpr/log-consent"
PREFERENCES = {"essential": True, "analytics": False, "marketing": True}


def logged(client, preferences=PREFERENCES, **headers):
    return client.post(LOG, {"preferences": preferences}, headers=headers)


def test_consent_of_a_person_is_kept_with_what_shows_who_gave_it(api, alice):
    decided = {"timestamp": "2026-02-02T10:00:00.5+01:00"}

    response = logged(api, PREFERENCES | decided, **{"user-agent": "Quuxfox/7.1"})

    assert response.status_code == 201
    consent = Consent.objects.get()
    assert response.json() == {"id": consent.pk}
    assert consent.user == alice
    assert (consent.essential, consent.analytics, consent.marketing) == (
        True,
        False,
        True,
    )
    assert consent.decided_at.isoformat() == "2026-02-02T09:00:00.500000+00:00"
    assert consent.ip_address == "127.0.0.1"
    assert consent.user_agent == "Quuxfox/7.1"
    assert timezone.now() - consent.created_at < timedelta(minutes=1)


def test_consent_without_a_token_is_kept_as_nobodys(anonymous):
    response = logged(anonymous, **{"user-agent": "Quuxfox/7.1"})

    assert response.status_code == 201
    consent = Consent.objects.get()
    assert consent.user is None
    assert consent.decided_at is None
    assert consent.ip_address == "127.0.0.1"
    assert consent.user_agent == "Quuxfox/7.1"


def test_bad_token_counts_as_none(anonymous):
    response = logged(anonymous, authorization="Bearer nonsense")

    assert response.status_code == 201
    assert Consent.objects.get().user is None


def test_name_that_no_answer_carries_is_refused(anonymous):
    response = anonymous.post(LOG, {"preferences": PREFERENCES, "analytics": True})

    assert response.status_code == 400
    assert not Consent.objects.exists()


def test_each_answer_is_a_row_of_its_own(api):
    logged(api)

    logged(api, PREFERENCES | {"marketing": False})

    assert sorted(Consent.objects.values_list("marketing", flat=True)) == [False, True]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"essential": None}, "preferences.essential"),
        ({"analytics": "yes"}, "preferences.analytics"),
        ({"marketing": 1}, "preferences.marketing"),
        ({"timestamp": "2026-02-02T10:00:00"}, "preferences.timestamp"),
        ({"timestamp": 1770026400000}, "preferences.timestamp"),
        ({"statistics": True}, "preferences.statistics"),
    ],
)
def test_bad_preference_is_refused(api, change, field):
    response = logged(api, PREFERENCES | change)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Consent.objects.exists()


@pytest.mark.parametrize("missing", PREFERENCES)
def test_missing_preference_is_refused(api, missing):
    rest = {name: value for name, value in PREFERENCES.items() if name != missing}

    response = logged(api, rest)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == f"preferences.{missing}"


@pytest.mark.parametrize("body", [{}, {"preferences": None}, {"preferences": []}, []])
def test_body_without_preferences_is_refused(api, body):
    response = api.post(LOG, body)

    assert response.status_code == 400
    assert not Consent.objects.exists()


def test_answer_may_be_sent_back(api):
    body = {"preferences": PREFERENCES} | logged(api).json()

    response = api.post(LOG, body)

    assert response.status_code == 201


def test_endless_user_agent_is_cut(api):
    response = logged(api, **{"user-agent": "x" * 5000})

    assert response.status_code == 201
    assert Consent.objects.get().user_agent == "x" * 500


def test_consents_cannot_be_read_or_changed(api):
    assert api.get(LOG).status_code == 405
    assert api.put(LOG, {"preferences": PREFERENCES}).status_code == 405
    assert api.delete(LOG).status_code == 405


def test_old_consents_of_nobody_go_when_a_new_one_comes(api, alice):
    now = timezone.now()
    long_ago = now - ANONYMOUS_KEPT - timedelta(seconds=1)
    origin = {"user_agent": "", "ip_address": None}
    Consent.objects.log(user=None, at=long_ago, **PREFERENCES, **origin)
    Consent.objects.log(user=alice, at=long_ago, **PREFERENCES, **origin)
    Consent.objects.log(user=None, at=now - timedelta(days=1), **PREFERENCES, **origin)

    logged(api)

    assert not Consent.objects.filter(user=None, created_at=long_ago).exists()
    assert Consent.objects.count() == 3


def test_logging_takes_few_queries(api, django_assert_num_queries):
    # The token, a savepoint (begun and released), the old ones, the new one.
    with django_assert_num_queries(5):
        logged(api)
