"""What the database lets no role do to the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from focusmaster.personal_data import erase
from focusmaster.tests.concurrency import run_concurrently
from moderation.actors import Actor
from moderation.models import AuditArchive, AuditEntry, AuditPersonalDetails, Ban
from moderation.tests.audit_log import note

SERVER = "focusmaster_server"
# What a role that serves, and does not own the tables, is granted; as in the README.
GRANTS = f"""
CREATE ROLE {SERVER} LOGIN;
GRANT USAGE ON SCHEMA public TO {SERVER};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {SERVER};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {SERVER};
REVOKE UPDATE, DELETE, TRUNCATE ON moderation_auditentry FROM {SERVER};
REVOKE UPDATE, TRUNCATE ON moderation_auditparticulars FROM {SERVER};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON moderation_auditarchive FROM {SERVER};
"""


def run(sql: str) -> None:
    """Run SQL as in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(sql)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


FORBIDDEN = [
    "UPDATE {} SET {} = {}",
    "UPDATE {} SET {} = {} WHERE false",
    "DELETE FROM {}",
    "TRUNCATE {} CASCADE",
    "SET session_replication_role = replica; DELETE FROM {}",
    "SET session_replication_role = replica; UPDATE {} SET {} = {}",
    "SET session_replication_role = replica; TRUNCATE {} CASCADE",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize(
    ("table", "column"),
    [("moderation_auditentry", "details"), ("moderation_auditparticulars", "text")],
)
def test_superuser_can_change_nothing(moderator, statement, table, column):
    note(by=Actor(moderator.pk, "Moderator"), target_user_id=moderator.pk, reason="x")

    with pytest.raises(IntegrityError, match="the audit log is append-only"):
        run(statement.format(table, column, column))

    run("SET session_replication_role = DEFAULT")
    assert AuditEntry.objects.get().details == "Banned"
    assert AuditPersonalDetails.objects.count() == 2


@pytest.mark.usefixtures("db")
def test_personal_details_of_a_command_stay():
    note()

    with pytest.raises(IntegrityError, match="append-only"):
        run("DELETE FROM moderation_auditparticulars")


def test_personal_details_go_with_their_person_alone(alice, bob):
    note(by=Actor(alice.pk, "Alice"))
    note(by=Actor(bob.pk, "Bob"))

    with transaction.atomic():
        AuditPersonalDetails.objects.filter(person_id=alice.pk).delete()
        User.objects.filter(pk=alice.pk).delete()
    run("SELECT 1")

    assert AuditPersonalDetails.objects.get().person_id == bob.pk
    assert AuditEntry.objects.count() == 2


@pytest.mark.usefixtures("db")
def test_each_entry_carries_the_hash_of_the_one_before():
    entries = [note(f"Entry {number}") for number in range(3)]

    assert [one.position for one in entries] == [1, 2, 3]
    assert bytes(entries[0].previous_hash) == b""
    for before, after in pairwise(entries):
        assert bytes(after.previous_hash) == bytes(before.hash)
    assert len({bytes(one.hash) for one in entries}) == 3
    assert all(len(one.hash) == len(sha256().digest()) for one in entries)


@pytest.mark.usefixtures("db")
def test_position_and_hashes_are_not_for_the_writer_to_choose():
    note()

    AuditEntry.objects.create(
        position=7, action="x", details="x", created_at=timezone.now(), hash=b"x"
    )

    first, second = AuditEntry.objects.order_by("position")
    assert (first.position, second.position) == (1, 2)
    assert bytes(second.previous_hash) == bytes(first.hash)
    assert bytes(second.hash) != b"x"


@pytest.mark.django_db(transaction=True)
def test_entries_written_concurrently_make_one_chain():
    run_concurrently(
        *(lambda number=number: note(f"Entry {number}") for number in range(12))
    )

    entries = list(AuditEntry.objects.order_by("position"))
    assert [one.position for one in entries] == list(range(1, 13))
    for before, after in pairwise(entries):
        assert bytes(after.previous_hash) == bytes(before.hash)


# As a role that does not own the tables


@contextmanager
def serving_role() -> Iterator[psycopg.Connection]:
    """A connection to the same database as the role that serves."""
    with connection.cursor() as cursor:
        cursor.execute(GRANTS)
    params = connection.get_connection_params()
    own = {key: params[key] for key in ("host", "port", "dbname") if key in params}
    try:
        with psycopg.connect(**own, user=SERVER, autocommit=True) as server:
            yield server
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {SERVER}; DROP ROLE {SERVER}")


@pytest.mark.django_db(transaction=True)
def test_serving_role_can_add_to_the_log_and_nothing_else():
    note()
    archive = (
        "INSERT INTO moderation_auditarchive VALUES "
        "('\\x000000000000000000000000', 1, 1, '', '', '', '', now())"
    )
    forbidden = [
        "UPDATE moderation_auditentry SET details = ''",
        "DELETE FROM moderation_auditentry",
        "TRUNCATE moderation_auditentry CASCADE",
        "ALTER TABLE moderation_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER moderation_auditentry_delete ON moderation_auditentry",
        "SET session_replication_role = replica",
        "UPDATE moderation_auditparticulars SET text = ''",
        "TRUNCATE moderation_auditparticulars",
        archive,
    ]

    with serving_role() as server:
        server.execute(
            "INSERT INTO moderation_auditentry (id, action, details, metadata, "
            "created_at) VALUES (%s, 'user.banned', 'As the server', '{}', now())",
            [b"\1" * 12],
        )
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                server.execute(statement)
        with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
            server.execute("DELETE FROM moderation_auditparticulars")

    assert [one.details for one in AuditEntry.objects.order_by("position")] == [
        "Banned",
        "As the server",
    ]
    assert AuditPersonalDetails.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_service_bans_and_erases_as_the_serving_role(moderator, alice):
    with serving_role(), connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {SERVER}")
        try:
            by = Actor(moderator.pk, "Moderator")
            Ban.objects.impose(user_id=alice.pk, by=by, reason="Spam")
            assert erase(alice.pk)
        finally:
            cursor.execute("RESET ROLE")

    assert AuditEntry.objects.get().target_id == alice.pk
    assert AuditPersonalDetails.objects.get().person_id == moderator.pk


# Archives


def archive(**fields) -> None:
    last = AuditEntry.objects.order_by("position").last()
    given = {
        "first_position": 1,
        "last_position": last.position,
        "last_hash": last.hash,
        "file_name": "audit.jsonl",
        "public_key": b"",
        "signature": b"",
    }
    with transaction.atomic():
        AuditArchive.objects.create(**given | fields)


LONG_AGO = timezone.now() - timedelta(days=31)


@pytest.mark.usefixtures("db")
def test_archive_removes_what_it_covers_and_the_chain_goes_on_from_it():
    old = [note(at=LONG_AGO) for _ in range(2)]
    young = note()

    archive(last_position=2, last_hash=old[1].hash)

    assert AuditEntry.objects.get() == young
    assert AuditPersonalDetails.objects.get().entry == young
    archive_of_all = AuditArchive.objects.get()
    assert bytes(young.previous_hash) == bytes(archive_of_all.last_hash)


@pytest.mark.usefixtures("db")
def test_log_that_is_all_archived_goes_on_from_the_archive():
    old = note(at=LONG_AGO)
    archive()

    after = note()

    assert after.position == 2
    assert bytes(after.previous_hash) == bytes(old.hash)


@pytest.mark.parametrize(
    "fields",
    [
        {"first_position": 2},
        {"last_hash": b"x" * 32},
        {"last_position": 2},
        {"last_position": 3},
    ],
)
@pytest.mark.usefixtures("db")
def test_database_refuses_an_archive_that_does_not_fit(fields):
    note(at=LONG_AGO)
    note()
    first = AuditEntry.objects.get(position=1)

    with pytest.raises(IntegrityError, match="not of the oldest entries"):
        archive(**{"last_position": 1, "last_hash": first.hash} | fields)

    assert AuditEntry.objects.count() == 2


@pytest.mark.usefixtures("db")
def test_database_refuses_to_archive_what_is_young():
    note(at=timezone.now() - timedelta(days=29))

    with pytest.raises(IntegrityError, match="not of the oldest entries"):
        archive()

    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM moderation_auditarchive",
        "UPDATE moderation_auditarchive SET last_position = 9",
        "TRUNCATE moderation_auditarchive",
    ],
)
@pytest.mark.usefixtures("db")
def test_record_of_an_archive_stays(statement):
    note(at=LONG_AGO)
    archive()

    with pytest.raises(IntegrityError, match="append-only"):
        run(statement)

    assert AuditArchive.objects.count() == 1


@pytest.mark.usefixtures("db")
def test_database_refuses_an_archive_of_nothing():
    note(at=LONG_AGO)
    entry = AuditEntry.objects.get()

    with pytest.raises(IntegrityError):
        archive(last_position=0, last_hash=entry.hash)

    assert AuditEntry.objects.count() == 1
