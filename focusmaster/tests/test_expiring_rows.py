from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from focusmaster.models import StoredAnswer
from focusmaster.tests.concurrency import run_concurrently

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANSWERS = StoredAnswer.objects


def add(*days: int) -> None:
    """Add answers that are so many days old."""
    ANSWERS.bulk_create(
        StoredAnswer(
            id=bytes([day]),
            fingerprint=b"",
            answer=b"",
            created_at=NOON - timedelta(days=day),
        )
        for day in days
    )


def left() -> set[int]:
    """Return how many days old the answers are that are there."""
    return {(NOON - at).days for at in ANSWERS.values_list("created_at", flat=True)}


@pytest.mark.usefixtures("db")
def test_oldest_rows_are_deleted_up_to_a_number():
    add(1, 2, 3, 4)

    counts = [ANSWERS.delete_expired(2, before=NOON - timedelta(1)) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert left() == {1}


@pytest.mark.usefixtures("db")
def test_rows_outside_of_the_queryset_stay():
    add(2, 3)

    count = ANSWERS.filter(id=bytes([2])).delete_expired(before=NOON)

    assert (count, left()) == (1, {3})


@pytest.mark.django_db(transaction=True)
def test_rows_that_another_transaction_has_locked_are_skipped():
    add(1, 2, 3)

    with transaction.atomic():
        list(ANSWERS.filter(id=bytes([3])).select_for_update())
        (count,) = run_concurrently(lambda: ANSWERS.delete_expired(1, before=NOON))

    assert (count, left()) == (1, {1, 3})
