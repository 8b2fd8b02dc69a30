from __future__ import annotations

import pytest
from django.db.migrations.recorder import MigrationRecorder

READY = "/api/health/ready"


@pytest.mark.parametrize("left", [("accounts", None), ("kanban", None)])
def test_service_is_not_ready_until_all_migrations_are_applied(db, anonymous, left):
    app, name = left
    names = {"name": name} if name else {}
    before = anonymous.get(READY).status_code
    MigrationRecorder.Migration.objects.filter(app=app, **names).delete()

    response = anonymous.get(READY)

    assert (before, response.status_code) == (200, 503)
    assert response.json()["code"] == "not_ready"


def test_migrations_of_newer_code_do_not_matter(db, anonymous):
    MigrationRecorder.Migration.objects.create(app="kanban", name="9999_later")

    assert anonymous.get(READY).status_code == 200


def test_readiness_takes_two_queries(db, anonymous, django_assert_num_queries):
    anonymous.get(READY)

    with django_assert_num_queries(2):
        anonymous.get(READY)
