from __future__ import annotations

import time

import pytest
from django.db.migrations.recorder import MigrationRecorder
from rest_framework.test import APIClient

from focusmaster.readiness import SHARED_SECONDS
from focusmaster.tests.concurrency import run_concurrently

READY = "/api/health/ready"


@pytest.mark.parametrize("left", [("accounts", None), ("kanban", None)])
def test_service_is_not_ready_until_all_migrations_are_applied(db, anonymous, left):
    app, name = left
    names = {"name": name} if name else {}
    before = anonymous.get(READY).status_code
    MigrationRecorder.Migration.objects.filter(app=app, **names).delete()
    time.sleep(SHARED_SECONDS)

    response = anonymous.get(READY)

    assert (before, response.status_code) == (200, 503)
    assert response.json()["code"] == "not_ready"


def test_migrations_of_newer_code_do_not_matter(db, anonymous):
    MigrationRecorder.Migration.objects.create(app="kanban", name="9999_later")

    assert anonymous.get(READY).status_code == 200


def test_readiness_takes_two_queries_twice_a_second(
    db, anonymous, django_assert_num_queries
):
    anonymous.get(READY)
    time.sleep(SHARED_SECONDS)

    with django_assert_num_queries(2):
        statuses = {anonymous.get(READY).status_code for _ in range(20)}

    assert statuses == {200}


def test_probe_each_second_gets_the_state_of_now(db, anonymous):
    """Also when the change comes right after an answer."""
    applied = MigrationRecorder.Migration.objects
    row = applied.filter(app="kanban").latest("applied")
    statuses = []
    for is_applied in (True, False, True):
        anonymous.get(READY)  # Another prober, just before the change.
        if is_applied:
            row.save()
        else:
            applied.filter(pk=row.pk).delete()
        time.sleep(1)
        statuses.append(anonymous.get(READY).status_code)

    assert statuses == [200, 503, 200]


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_share_one_answer():
    answers = run_concurrently(*[lambda: APIClient().get(READY).status_code] * 12)

    assert set(answers) == {200}
