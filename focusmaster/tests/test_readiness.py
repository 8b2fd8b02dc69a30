from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from focusmaster.readiness import KEPT_SECONDS
from focusmaster.tests.processes import Service, hung_database

READY = "/api/health/ready"


def is_ready(client) -> bool:
    # What was said before is forgotten.
    time.sleep(KEPT_SECONDS + 0.05)
    response = client.get(READY)
    assert response.status_code in (200, 503), response.content
    if response.status_code == 503:
        assert response.json()["code"] == "not_ready"
        assert int(response["Retry-After"]) > 0
    return response.status_code == 200


@pytest.mark.parametrize("app", ["accounts", "kanban"])
def test_service_is_not_ready_until_all_migrations_are_applied(
    transactional_db, anonymous, app
):
    migrations = MigrationRecorder.Migration.objects.filter(app=app)
    kept = list(migrations)
    before = is_ready(anonymous)
    migrations.delete()
    try:
        meanwhile = is_ready(anonymous)
    finally:
        MigrationRecorder.Migration.objects.bulk_create(kept)

    assert (before, meanwhile, is_ready(anonymous)) == (True, False, True)


def test_migrations_of_newer_code_do_not_matter(transactional_db, anonymous):
    later = MigrationRecorder.Migration.objects.create(app="kanban", name="9999_later")
    try:
        assert is_ready(anonymous)
    finally:
        later.delete()


def test_many_probes_ask_the_database_seldom(transactional_db, anonymous):
    anonymous.get(READY)
    transactions = "SELECT sum(xact_commit) FROM pg_stat_database"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(transactions)
        (before,) = cursor.fetchone()
        for _ in range(200):
            assert anonymous.get(READY).status_code == 200
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(transactions)
        (after,) = cursor.fetchone()

    assert after - before < 50


def test_hung_database_is_told_in_time(migrated_dir):
    with (
        Service(migrated_dir, "--workers", "1") as service,
        hung_database(migrated_dir),
    ):
        time.sleep(KEPT_SECONDS + 0.05)
        began = time.monotonic()
        status, body = service.send("GET", READY)
        seconds = time.monotonic() - began
        # Those that ask meanwhile wait with it, and not one after the other.
        with ThreadPoolExecutor(8) as monitors:
            asked = [monitors.submit(service.send, "GET", READY) for _ in range(8)]
            statuses = {future.result()[0] for future in asked}
        total = time.monotonic() - began
        alive, _ = service.send("GET", "/api/health")

    assert (status, json.loads(body)["code"]) == (503, "not_ready")
    assert seconds < 2
    assert statuses == {503}
    assert total < 4
    assert alive == 200
