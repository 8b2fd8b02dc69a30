"""Cards stay where they were dropped."""

from __future__ import annotations

import os
import random
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from kanban.models import Task
from kanban.ordering import MAX_POSITION, POSITION_STEP

TASKS = "/api/tasks"
# KANBAN_MOVES=10000 KANBAN_CARDS=200 takes minutes, and gives the same.
MOVES = int(os.environ.get("KANBAN_MOVES", "120"))
CARDS = int(os.environ.get("KANBAN_CARDS", "50"))


@pytest.fixture
def cards(alice) -> list[Task]:
    """Four cards in the first column, from top to bottom."""
    return list(reversed([Task.objects.add(user=alice, title=n) for n in "dcba"]))


def column(user, status: str = "todo") -> str:
    """Return the titles of a column from top to bottom."""
    mine = Task.objects.filter(user=user, status=status)
    return "".join(mine.order_by("position", "id").values_list("title", flat=True))


def move(api, card, **where):
    return api.post(f"{TASKS}/{card.pk}/move", where)


def rows() -> dict[str, str]:
    """Return each card with the version of its row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT title, xmin::text || ctid::text FROM kanban_task")
        return dict(cursor.fetchall())


@pytest.mark.parametrize(
    ("moved", "where", "expected"),
    [
        (0, {"after": 1}, "bacd"),
        (0, {"after": 3}, "bcda"),
        (3, {"before": 0}, "dabc"),
        (3, {"before": 2}, "abdc"),
        (0, {"after": 1, "before": 2}, "bacd"),
        (0, {"after": 1, "before": 3}, "bacd"),  # one has come between: right under
        (2, {"after": 1}, "abcd"),
        (2, {"before": 3}, "abcd"),
        (3, {"status": "todo"}, "dabc"),
    ],
)
def test_card_goes_between_its_neighbours(api, alice, cards, moved, where, expected):
    beside = {k: v if k == "status" else cards[v].pk for k, v in where.items()}

    response = move(api, cards[moved], **beside)

    assert response.status_code == 200
    assert response.json() == api.get(f"{TASKS}/{cards[moved].pk}").json()
    assert column(alice) == expected


def test_card_takes_the_column_of_its_neighbour(api, alice, cards):
    done = Task.objects.add(user=alice, title="x", status="done")

    response = move(api, cards[0], after=done.pk)

    assert response.json()["status"] == "done"
    assert response.json()["isCompleted"] is True
    assert response.json()["completedAt"] is not None
    assert (column(alice), column(alice, "done")) == ("bcd", "xa")


def test_card_moves_to_the_top_of_an_empty_column_and_back(api, alice, cards):
    away = move(api, cards[2], status="done").json()
    back = move(api, cards[2], status="todo").json()

    assert away["isCompleted"] is True
    assert back["completedAt"] is None
    assert column(alice) == "cabd"


def test_move_inside_done_keeps_when_it_was_completed(api, alice):
    first, second = (Task.objects.add(user=alice, title=n, status="done") for n in "xy")

    response = move(api, first, before=second.pk)

    first.refresh_from_db()
    assert response.json()["completedAt"] is not None
    assert first.completed_at < timezone.now()
    assert first.completed_at == first.created_at


def test_one_move_writes_one_row(api, cards):
    before = rows()

    move(api, cards[3], after=cards[0].pk)

    after = rows()
    assert {title for title in after if after[title] != before[title]} == {"d"}


def test_column_without_room_is_spread_out_in_the_same_order(api, alice, cards):
    for n, card in enumerate(cards[:3]):
        Task.objects.filter(pk=card.pk).update(position=1 + n * 2**-52)

    response = move(api, cards[3], after=cards[0].pk)

    assert response.status_code == 200
    assert column(alice) == "adbc"
    places = [Task.objects.get(title=title).position for title in "abc"]
    assert [places[1] - places[0], places[2] - places[1]] == [POSITION_STEP] * 2


def test_cards_with_one_position_are_told_apart(api, alice, cards):
    Task.objects.update(position=0.0)
    upper, lower, *_ = Task.objects.filter(title__in="abc").order_by("id")

    move(api, cards[3], after=upper.pk, before=lower.pk)

    order = column(alice)
    assert order.index("d") == order.index(upper.title) + 1
    assert order.index("d") == order.index(lower.title) - 1


def board_of(user) -> dict[str, str]:
    """Return the ids of the first column in order, with the version of each row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(id, 'hex'), xmin::text || ctid::text FROM kanban_task"
            " WHERE user_id = %s AND status = 'todo' ORDER BY position, id",
            [bytes.fromhex(user.pk)],
        )
        return dict(cursor.fetchall())


def drop(board: list[str], card: str, to: int) -> dict[str, str]:
    """Move a card to a place in a plain list; return how a client tells it."""
    board.remove(card)
    board.insert(to, card)
    return {"after": board[to - 1]} if to else {"before": board[1]}


@pytest.mark.django_db(transaction=True)  # In one, dead rows would slow it down.
def test_many_moves_keep_the_order_of_a_plain_list(alice):
    chance = random.Random(7)
    board = [Task.objects.add(user=alice, title="x").pk for _ in range(CARDS)][::-1]
    before, rebalance = board_of(alice), 0

    for number in range(MOVES):
        # Mostly into the same gap, which runs out of room again and again.
        to = CARDS // 2 if number % 8 else chance.randrange(CARDS)
        card = chance.choice(board)
        beside = drop(board, card, to)
        Task.objects.filter(user=alice, pk=card).move(**beside)
        now = board_of(alice)
        assert list(now) == board
        written = {pk for pk in now if now[pk] != before[pk]}
        rebalance += written != {card}
        before = now

    assert 1 <= rebalance <= MOVES / 20


@pytest.mark.django_db(transaction=True)
def test_two_clients_at_once_give_the_order_of_one_after_the_other(alice):
    chance = random.Random(7)
    board = [Task.objects.add(user=alice, title="x").pk for _ in range(CARDS)][::-1]
    clients = [client_of(alice), client_of(alice)]

    for _ in range(MOVES // 20):
        # Close together, so that they come into each other's way.
        drops = [(chance.choice(board), chance.randrange(3)) for _ in clients]
        told = [drop(board.copy(), *one) for one in drops]
        answers = run_concurrently(
            *(
                partial(client.post, f"{TASKS}/{card}/move", beside)
                for client, (card, _), beside in zip(clients, drops, told, strict=True)
            )
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        moves = [(card, told) for (card, _), told in zip(drops, told, strict=True)]
        found = list(board_of(alice))
        assert found in [in_order(board, moves), in_order(board, moves[::-1])]
        board = found


def in_order(board: list[str], moves: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Return the board after moves, one after the other, by what a client told."""
    board = board.copy()
    for card, beside in moves:
        board.remove(card)
        ((side, neighbour),) = beside.items()
        board.insert(board.index(neighbour) + (side == "after"), card)
    return board


@pytest.mark.django_db(transaction=True)
def test_moves_at_once_lose_no_card(alice):
    cards = [Task.objects.add(user=alice, title=f"{n}") for n in range(8)]
    clients = [client_of(alice) for _ in cards]
    calls = [
        lambda client=client, card=card, beside=beside: [
            move(client, card, **where).status_code
            for where in ({"after": beside.pk}, {"status": "done"}, {"status": "todo"})
        ]
        for client, card, beside in zip(
            clients, cards, cards[1:] + cards[:1], strict=True
        )
    ]

    answers = run_concurrently(*calls)

    assert {status for statuses in answers for status in statuses} <= {200, 409}
    assert len(column(alice)) == 8
    positions = Task.objects.values_list("position", flat=True)
    assert len(set(positions)) == 8


# Refusals


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ({}, ""),
        ({"status": "later"}, "status"),
        ({"after": "nonsense"}, "after"),
        ({"before": 7}, "before"),
        ({"before": "507f1f77bcf86cd799439011"}, "before"),
        ({"above": "507f1f77bcf86cd799439011"}, "above"),
    ],
)
def test_wrong_place_is_refused_and_nothing_moves(api, alice, cards, where, field):
    response = move(api, cards[0], **where)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert column(alice) == "abcd"


def test_card_is_no_neighbour_of_itself(api, cards):
    assert move(api, cards[0], after=cards[0].pk).status_code == 400


def test_neighbour_of_another_person_is_unknown(api, bob, cards):
    theirs = Task.objects.add(user=bob, title="x")

    assert move(api, cards[0], after=theirs.pk).status_code == 400


@pytest.mark.parametrize(
    "where",
    [
        {"after": 2, "before": 1},
        {"status": "done", "after": 1},
    ],
)
def test_neighbours_that_are_elsewhere_by_now_are_a_conflict(api, alice, cards, where):
    beside = {k: v if k == "status" else cards[v].pk for k, v in where.items()}

    response = move(api, cards[0], **beside)

    assert response.status_code == 409
    assert response.json()["code"] == "not_in_column"
    assert column(alice) == "abcd"


def test_others_cannot_move_it(anonymous, bob, cards):
    assert move(anonymous, cards[0], status="done").status_code == 401
    assert move(client_of(bob), cards[0], status="done").status_code == 404


# Positions that are written


def test_position_can_be_written_and_is_kept(api, cards):
    response = api.patch(f"{TASKS}/{cards[0].pk}", {"position": 12.5})

    assert response.json()["position"] == 12.5


@pytest.mark.parametrize("position", ["1", True, None, 1e13, [1]])
def test_position_is_a_number_within_bounds(api, cards, position):
    response = api.patch(f"{TASKS}/{cards[0].pk}", {"position": position})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "position"


def test_card_at_the_very_top_leaves_the_board_usable(api, alice, cards):
    done = Task.objects.add(user=alice, title="x", status="done")
    api.patch(f"{TASKS}/{cards[0].pk}", {"position": -MAX_POSITION})

    created = api.post(TASKS, {"title": "e"})
    returned = api.patch(f"{TASKS}/{done.pk}", {"status": "todo"})
    moved = move(api, cards[3], before=cards[0].pk)

    assert (created.status_code, returned.status_code) == (201, 200)
    assert moved.status_code == 200
    assert sorted(column(alice)) == list("abcdex")
    order = column(alice)
    assert order.index("d") == order.index("a") - 1


@pytest.mark.parametrize("change", [{"status": "done"}, {"isCompleted": True}])
def test_card_that_is_done_goes_on_top_of_done(api, alice, cards, change):
    Task.objects.add(user=alice, title="x", status="done")

    api.put(f"{TASKS}/{cards[2].pk}", change)

    assert column(alice, "done") == "cx"


def test_card_whose_status_stays_keeps_its_place(api, alice, cards):
    api.put(f"{TASKS}/{cards[2].pk}", {"status": "todo", "title": "c"})
    api.put(f"{TASKS}/{cards[1].pk}", {"isCompleted": False})

    assert column(alice) == "abcd"


@pytest.mark.parametrize("position", [2e12, float("nan"), float("-inf")])
def test_database_refuses_a_position_out_of_range(cards, position):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Task.objects.filter(pk=cards[0].pk).update(position=position)

    assert "kanban_task_position_in_range" in str(caught.value)


def test_queries_of_a_move(api, cards, django_assert_num_queries):
    # The caller; a savepoint and its end, which only a test needs; the owner's lock,
    # the card, its neighbour, the next one, the update; the JSON.
    with django_assert_num_queries(9):
        move(api, cards[3], after=cards[0].pk)
