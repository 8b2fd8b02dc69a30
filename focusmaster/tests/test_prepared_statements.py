"""Prepared statements, as requests meet them: on connections that live on."""

from __future__ import annotations

import os
import socket

import pytest
from django.db import DataError, connection, connections, transaction
from django.db.models import DateTimeField, F, Func

from accounts.models import User
from focusmaster.db.statements import CompiledQuery, Param
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.statements import prepared_count

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/auth/me"


def end_backend(pid: int) -> None:
    """End the server's side of a connection, and wait until that has happened."""

    def end() -> None:
        with connection.cursor() as cursor:
            # The second argument: milliseconds to wait.
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone()[0]

    run_concurrently(end)


def test_repeated_request_prepares_once(alice):
    client = client_of(alice)
    client.get(ME)
    before = prepared_count()

    client.get(ME)

    assert before > 0
    assert prepared_count() == before


def test_statements_outlive_rollbacks_and_other_queries(alice):
    client = client_of(alice)
    client.get(ME)
    for _ in range(8):
        User.objects.filter(pk=alice.pk).exists()
    with transaction.atomic():
        User.objects.update(name="Changed")
        transaction.set_rollback(True)

    answer = client.get(ME)

    assert answer.status_code == 200
    assert answer.json()["name"] == "Alice"


def test_new_connection_prepares_again(alice):
    client = client_of(alice)
    client.get(ME)
    connection.close()

    assert client.get(ME).status_code == 200


def test_first_query_of_a_transaction_is_part_of_it(alice):
    client_of(alice).get(ME)
    began = Func(function="transaction_timestamp", output_field=DateTimeField())
    query = CompiledQuery(User.objects.filter(pk=Param("id")).values_list(began))
    values = {"id": bytes.fromhex(alice.pk)}
    query.fetch_rows(values)

    with transaction.atomic(), connection.cursor() as cursor:
        first = query.fetch_rows(values)[0]
        cursor.execute("SELECT transaction_timestamp()")
        second = cursor.fetchone()

    assert first == second


def test_error_of_the_database_is_raised_as_djangos(alice):
    by_zero = F("daily_goal") / (F("daily_goal") * 0)
    query = CompiledQuery(User.objects.filter(pk=Param("id")).values_list(by_zero))

    with pytest.raises(DataError, match="division by zero"):
        query.fetch_rows({"id": bytes.fromhex(alice.pk)})


def test_connection_lost_under_a_statement_is_503(alice):
    client = client_of(alice)
    client.get(ME)
    # The server's end is gone, but nothing to be read says so before the next query.
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_WR)

    lost = client.get(ME)
    connection.close()

    assert lost.status_code == 503
    assert lost.json()["code"] == "database_unavailable"
    assert client.get(ME).status_code == 200


def test_connection_that_ended_between_requests_is_replaced(alice):
    client = client_of(alice)
    client.get(ME)
    end_backend(connection.connection.info.backend_pid)
    # What Django does where a request begins; its test client leaves it out.
    connection.close_if_unusable_or_obsolete()

    assert client.get(ME).status_code == 200


def test_pooler_that_keeps_no_statements_gets_none(alice, monkeypatch):
    client = client_of(alice)
    connection.close()
    connection.connect()
    monkeypatch.setattr(connections["default"], "prepares_statements", False)

    answer = client.get(ME)

    assert answer.status_code == 200
    assert prepared_count() == 0
