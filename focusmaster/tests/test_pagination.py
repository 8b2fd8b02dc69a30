"""Keyset paging, as a client follows it from link to link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.db import connection
from django.db.models import Case, IntegerField, Value, When
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from focusmaster.api.query_params import PAGE, read_query
from focusmaster.api.responses import list_response
from focusmaster.db.json_rows import JSONRows
from focusmaster.tests.history import add_sessions
from focusmaster.tests.paging import next_url
from focusmaster.tests.people import client_of
from kanban.models import Task
from kanban.serializers import TaskSerializer
from pomodoro.models import PomodoroSession

SESSIONS = "/api/sessions"
TASKS = "/api/tasks"


def pages(client: APIClient, url: str) -> Iterator[list[str]]:
    """Yield the ids on each page, from link to link."""
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.content
        yield [row["_id"] for row in response.json()]
        url = next_url(response)


def ids(client: APIClient, url: str) -> list[str]:
    return [id for page in pages(client, url) for id in page]


def assert_names(response, field: str) -> None:
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


# What a client sees


@pytest.mark.parametrize("limit", [1, 3, 4, 10, 11, 1000])
def test_pages_together_are_the_whole_list(api, alice, limit):
    add_sessions(alice.pk, 11)
    whole = [row["_id"] for row in api.get(SESSIONS).json()]

    found = list(pages(api, f"{SESSIONS}?limit={limit}"))

    assert [id for page in found for id in page] == whole
    assert {len(page) for page in found[:-1]} <= {limit}
    assert len(found) == -(-11 // limit)


def test_page_has_the_objects_of_the_list(api, alice):
    add_sessions(alice.pk, 3)
    whole = api.get(SESSIONS).json()

    response = api.get(f"{SESSIONS}?limit=2")

    assert response.json() == whole[:2]
    assert response["Content-Type"] == "application/json"


def test_page_of_nothing_is_empty_and_the_last(api):
    response = api.get(f"{SESSIONS}?limit=5")

    assert response.json() == []
    assert "Link" not in response


def test_whole_list_has_no_link(api, alice):
    add_sessions(alice.pk, 3)

    response = api.get(SESSIONS)

    assert len(response.json()) == 3
    assert "Link" not in response


def test_pages_are_of_the_caller_alone(api, alice, bob):
    add_sessions(alice.pk, 3)
    add_sessions(bob.pk, 3, first=11)
    cursor_of_bob = next_url(client_of(bob).get(f"{SESSIONS}?limit=1"))

    mine, by_the_cursor = ids(api, f"{SESSIONS}?limit=1"), ids(api, cursor_of_bob)

    assert len(mine) == 3
    assert set(by_the_cursor) <= set(mine)


def test_rows_that_come_and_go_leave_the_others_in_their_place(api, alice):
    add_sessions(alice.pk, 6)
    whole = ids(api, f"{SESSIONS}?limit=6")
    first = api.get(f"{SESSIONS}?limit=2")
    add_sessions(alice.pk, 1, first=0)
    PomodoroSession.objects.filter(pk__in=[whole[1], whole[3]]).delete()

    rest = ids(api, next_url(first))

    assert rest == [whole[2], whole[4], whole[5]]


def test_filters_go_on_with_the_link(api, alice):
    add_sessions(alice.pk, 10)
    query = "from=2025-12-31&to=2026-01-01&tz=Asia/Tokyo&type=shortBreak"
    whole = ids(api, f"{SESSIONS}?{query}&limit=1000")
    PomodoroSession.objects.filter(pk=whole[-1]).update(type="longBreak")
    PomodoroSession.objects.filter(pk=whole[-2]).update(
        started_at=datetime(2025, 12, 30, 14, 59, tzinfo=UTC)  # The day before there.
    )

    first = api.get(f"{SESSIONS}?{query}&limit=3")
    found = ids(api, f"{SESSIONS}?{query}&limit=3")

    kept = parse_qs(urlsplit(next_url(first)).query)
    assert kept.pop("cursor")
    assert kept == parse_qs(query) | {"limit": ["3"]}
    assert found == whole[:-2]


def test_range_and_limit_go_together(api, alice):
    start = datetime.now(UTC) - timedelta(minutes=5)
    add_sessions(alice.pk, 3)
    for minutes in range(3):
        PomodoroSession.objects.log(
            user_id=alice.pk,
            type="focus",
            started_at=start + timedelta(minutes=minutes),
            duration=60,
        )

    found = list(pages(api, f"{SESSIONS}?range=month&limit=2"))

    assert [len(page) for page in found] == [2, 1]


def test_tasks_come_by_pages_too(api, alice):
    titles = [Task.objects.add(user=alice, title=f"Task {n}").title for n in range(5)]

    response = api.get(f"{TASKS}?limit=2")
    rest = ids(api, next_url(response))

    assert [row["title"] for row in response.json()] == titles[:2:-1]
    assert len(rest) == 3


def test_page_costs_one_query_beside_the_token(api, alice, django_assert_num_queries):
    add_sessions(alice.pk, 5)
    first = api.get(f"{SESSIONS}?limit=2")

    with django_assert_num_queries(2):
        api.get(f"{SESSIONS}?limit=2")
    with django_assert_num_queries(2):
        api.get(next_url(first))


@pytest.mark.parametrize(
    "limit",
    [
        "0",
        "1001",
        "-1",
        "1.5",
        "ten",
        "",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "1e2",
        " 5",
        "99999999999",
    ],
)
def test_limit_out_of_bounds_is_refused(api, limit):
    response = api.get(SESSIONS, {"limit": limit})

    assert_names(response, "limit")


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "eyJ9:x", "\x00", "ü:é", "W10:" * 99]
)
def test_cursor_of_nobodys_making_is_refused(api, cursor):
    response = api.get(SESSIONS, {"limit": 2, "cursor": cursor})

    assert_names(response, "cursor")


def test_cursor_that_was_changed_is_refused(api, alice):
    add_sessions(alice.pk, 3)
    url = next_url(api.get(f"{SESSIONS}?limit=1"))
    cursor = parse_qs(urlsplit(url).query)["cursor"][0]

    response = api.get(SESSIONS, {"limit": 1, "cursor": f"X{cursor[1:]}"})

    assert_names(response, "cursor")


def test_cursor_without_a_limit_is_refused(api, alice):
    add_sessions(alice.pk, 3)
    url = next_url(api.get(f"{SESSIONS}?limit=1"))

    response = api.get(url.replace("limit=1&", ""))

    assert_names(response, "limit")


def test_cursor_of_another_list_is_refused(api, alice):
    add_sessions(alice.pk, 3)
    url = next_url(api.get(f"{SESSIONS}?limit=1"))

    response = api.get(url.replace(SESSIONS, TASKS))

    assert_names(response, "cursor")


def test_wrong_filter_is_refused_beside_a_limit(api):
    response = api.get(f"{SESSIONS}?limit=5&range=year")

    assert_names(response, "range")


# Any order

PRIORITY = Case(
    *(When(priority=word, then=Value(n)) for n, word in enumerate(Task.Priority)),
    output_field=IntegerField(),
)
cards = JSONRows(
    Task, TaskSerializer, order=["-id"], sort_expressions={"urgency": PRIORITY}
)


def sorted_pages(user_id: str, order: tuple[str, ...], limit: int) -> list[Any]:
    """Follow the links of a list in this order; return all objects."""
    url, found = f"/cards?limit={limit}", []
    while url:
        request = Request(APIRequestFactory().get(url))
        request.query = read_query(urlsplit(url).query, PAGE)
        response = list_response(request, cards, order, {"user_id": user_id})
        found += orjson.loads(response.content)
        url = next_url(response)
    return found


@pytest.fixture
def board(alice) -> str:
    """Cards with equal and missing values in all columns; return alice's id."""
    day = datetime(2026, 2, 2, tzinfo=UTC)
    for n in range(24):
        Task.objects.add(
            user=alice,
            title=f"Task {n}",
            priority=Task.Priority.values[n % 3],
            deadline=None if n % 4 == 0 else day + timedelta(days=n % 3),
            due_date=None if n % 5 == 0 else day - timedelta(days=n % 2),
        )
    Task.objects.update(created_at=day)
    return alice.pk


@pytest.mark.parametrize("limit", [1, 5, 24])
@pytest.mark.parametrize(
    "order",
    [
        ("id",),
        ("-id",),
        ("created_at", "-id"),
        ("deadline", "id"),
        ("-deadline", "id"),
        ("deadline", "-due_date", "-id"),
        ("-due_date", "deadline", "position", "id"),
        ("urgency", "-deadline", "-id"),
        ("-urgency", "-created_at", "id"),
    ],
    ids=",".join,
)
def test_pages_follow_any_order(board, order, limit):
    whole = cards.all(order, user_id=board)

    found = sorted_pages(board, order, limit)

    assert found == [orjson.loads(text) for text in whole]
    assert len({card["_id"] for card in found}) == 24


@pytest.mark.parametrize("order", [("deadline", "id"), ("-deadline", "id")])
def test_rows_without_a_value_come_last_whichever_way_round(board, order):
    deadlines = [card["deadline"] for card in sorted_pages(board, order, 7)]

    with_one = deadlines[:18]
    assert deadlines[18:] == [None] * 6
    assert with_one == sorted(with_one, reverse=order[0] == "-deadline")


def test_rank_orders_by_meaning(board):
    words = [card["priority"] for card in sorted_pages(board, ("-urgency", "id"), 5)]

    assert words == ["high"] * 8 + ["medium"] * 8 + ["low"] * 8


def test_page_further_on_is_read_from_its_place_in_the_index(api, alice):
    add_sessions(alice.pk, 2000)
    url = next_url(api.get(f"{SESSIONS}?limit=1000")).replace("limit=1000", "limit=9")
    sent = []

    def note(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        api.get(url)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pomodoro_pomodorosession")
        sql, params = sent[-1]
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    (bounds,) = re.findall("Index Cond: (.*user_id.*)", plan)
    assert "started_at <=" in bounds
    assert "Sort" not in plan
