"""A person's page for staff: their pictures, their board and logs, and what is done."""

from __future__ import annotations

from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from accounts.models import User
from focusmaster.personal_data import personal_data_entries
from focusmaster.tests.people import client_of
from kanban.models import Task
from moderation.actors import Actor
from moderation.admin.people import pictures_of
from moderation.models import Ban
from moderation.tests.browser import text_of
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

PEOPLE = "/admin/accounts/user/"
ME = "/api/auth/me"
NOW = timezone.now()
# A Wednesday.
NOON = datetime.fromisoformat("2026-03-04T12:00Z")


def page_of(user: User, tab: str = "change") -> str:
    return f"{PEOPLE}{user.pk}/{tab}/"


def focus(user: User, at: datetime, minutes: int = 25, **fields) -> PomodoroSession:
    session, _ = PomodoroSession.objects.log(
        user_id=user.pk, type="focus", started_at=at, duration=minutes * 60, **fields
    )
    return session


def drawn(picture: str) -> ElementTree.Element:
    svg = picture[picture.index("<svg") : picture.index("</svg>") + len("</svg>")]
    return ElementTree.fromstring(svg)


def titles(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return the shapes of a picture by what they are called."""
    space = "{http://www.w3.org/2000/svg}"
    shapes = svg.findall(f"{space}rect")
    return {shape.find(f"{space}title").text: shape for shape in shapes}


# Pictures


def test_year_is_a_square_for_each_day_the_darker_the_more_sessions(alice):
    for _ in range(4):
        focus(alice, NOON)
    focus(alice, NOON - timedelta(days=1), 50)

    svg = drawn(pictures_of(alice, at=NOON)[0])

    squares = titles(svg)
    assert len(squares) == 365
    busy = squares["Wed 2026-03-04: 4 sessions, 1 h 40 min"]
    calm = squares["Tue 2026-03-03: 1 session, 0 h 50 min"]
    assert (busy.get("class"), calm.get("class")) == ("shade-4", "shade-1")
    shades = [square.get("class") for square in squares.values()]
    assert shades.count("shade-0") == 363
    assert svg.get("role") == "img"
    assert "5 focus sessions on 2 days, 2 h 30 min in all" in svg.get("aria-label")


@pytest.mark.parametrize(("first", "row"), [("monday", 2), ("sunday", 3)])
def test_weeks_begin_on_the_day_that_the_person_chose(alice, first, row):
    User.objects.filter(pk=alice.pk).update(week_start=first)
    alice.refresh_from_db()

    squares = titles(drawn(pictures_of(alice, at=NOON)[0]))

    today = squares["Wed 2026-03-04: 0 sessions, 0 h 00 min"]
    tops = sorted({float(square.get("y")) for square in squares.values()})
    assert tops.index(float(today.get("y"))) == row


def test_week_is_a_bar_for_each_day_as_high_as_its_focus(alice):
    focus(alice, NOON, 60)
    focus(alice, NOON - timedelta(days=1), 30)

    bars = titles(drawn(pictures_of(alice, at=NOON)[1]))

    assert list(bars) == [
        "Mon 2026-03-02: 0 h 00 min",
        "Tue 2026-03-03: 0 h 30 min",
        "Wed 2026-03-04: 1 h 00 min",
        "Thu 2026-03-05: 0 h 00 min",
        "Fri 2026-03-06: 0 h 00 min",
        "Sat 2026-03-07: 0 h 00 min",
        "Sun 2026-03-08: 0 h 00 min",
    ]
    heights = [float(bar.get("height")) for bar in bars.values()]
    assert heights[2] == pytest.approx(2 * heights[1], abs=0.2)
    assert heights[0] == 0


def test_days_of_the_pictures_are_those_of_the_person(alice):
    User.objects.filter(pk=alice.pk).update(timezone="Asia/Tokyo")
    alice.refresh_from_db()
    focus(alice, datetime.fromisoformat("2026-03-03T16:00Z"))

    squares = titles(drawn(pictures_of(alice, at=NOON)[0]))

    assert "Wed 2026-03-04: 1 session, 0 h 25 min" in squares


def test_person_page_has_the_pictures_and_the_same_as_a_table(pages, alice):
    focus(alice, timezone.now())

    page = text_of(pages.get(page_of(alice)))

    assert page.count("<figure") == 2
    assert f'<th scope="row">{timezone.now():%B %Y}</th><td>1</td>' in page


# Tabs


def test_board_shows_the_columns_in_their_order(pages, alice, bob):
    for title in ("Second", "First"):
        Task.objects.add(user=alice, title=title)
    Task.objects.add(user=alice, title="Ready", is_completed=True)
    Task.objects.add(user=bob, title="Of somebody else")

    page = pages.get(page_of(alice, "board"))

    shown = {
        column["status"]: [task.title for task in column["part"].rows]
        for column in page.context["columns"]
    }
    assert shown == {"todo": ["First", "Second"], "in-progress": [], "done": ["Ready"]}
    assert "Of somebody else" not in text_of(page)


def test_long_column_goes_on_on_a_page_of_its_own(pages, alice):
    for number in range(21):
        Task.objects.add(user=alice, title=f"Card {number}.")

    board = text_of(pages.get(page_of(alice, "board")))
    rest = text_of(pages.get(page_of(alice, "board") + "?column=todo&page=2"))

    assert "Card 20." in board
    assert "Card 0." not in board
    assert "?column=todo" in board
    assert "Card 0." in rest
    assert "Card 1." not in rest


@pytest.mark.parametrize("tab", ["sessions", "work-logs"])
def test_log_shows_the_newest_with_a_link_to_the_older(pages, alice, bob, tab):
    def add(user: User, hours: int) -> None:
        start = NOON - timedelta(hours=hours)
        if tab == "sessions":
            focus(user, start, 10)
        else:
            end = start + timedelta(minutes=10)
            WorkLog.objects.start(user_id=user.pk, started_at=start, ended_at=end)

    add(bob, 1)
    for hours in range(2, 53):
        add(alice, hours)

    first = pages.get(page_of(alice, tab))
    second = pages.get(page_of(alice, tab) + "?page=2")

    newest, oldest = first.context["part"].rows, second.context["part"].rows
    assert [row.started_at for row in newest] == [
        NOON - timedelta(hours=hours) for hours in range(2, 52)
    ]
    assert [row.started_at for row in oldest] == [NOON - timedelta(hours=52)]
    assert "?page=2" in text_of(first)
    assert "2026-03-02 08:00" in text_of(second)
    assert (second.context["part"].newer, second.context["part"].older) == (1, None)


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 30, ""])
def test_odd_page_of_a_log_is_a_page(pages, alice, page):
    focus(alice, NOON)

    assert pages.get(page_of(alice, "sessions"), {"page": page}).status_code == 200


def test_times_of_a_log_are_those_of_the_person(pages, alice):
    User.objects.filter(pk=alice.pk).update(timezone="Asia/Tokyo")
    focus(alice, NOON)

    page = text_of(pages.get(page_of(alice, "sessions")))

    assert "2026-03-04 21:00" in page
    assert "Asia/Tokyo" in page


@pytest.mark.parametrize("tab", ["board", "sessions", "work-logs"])
@pytest.mark.parametrize("row", ["0" * 24, "nonsense"])
def test_tab_of_nobody_is_not_found(pages, tab, row):
    assert pages.get(f"{PEOPLE}{row}/{tab}/").status_code == 404


def test_markup_of_a_person_stays_text(pages, alice):
    evil = "<script>alert(1)</script>"
    task = Task.objects.add(user=alice, title=evil, description=evil, tags=[evil])
    focus(alice, NOON, task=task)
    WorkLog.objects.start(user_id=alice.pk, notes=evil)
    Ban.objects.create(user=alice, status="banned", reason=evil, created_at=NOW)

    for tab in ("change", "board", "sessions", "work-logs"):
        assert "<script>alert(1)" not in text_of(pages.get(page_of(alice, tab)))


@pytest.mark.parametrize(
    ("tab", "queries"),
    [
        # The session, its user, the person; then the rows.
        ("sessions", 4),
        ("work-logs", 4),
        ("board", 6),
    ],
)
def test_tab_takes_as_many_queries_whatever_there_is(
    pages, alice, django_assert_num_queries, tab, queries
):
    for hours in range(1, 6):
        task = Task.objects.add(user=alice, title="Write")
        start = NOON - timedelta(hours=hours)
        focus(alice, start, task=task)
        end = start + timedelta(minutes=10)
        WorkLog.objects.start(user_id=alice.pk, started_at=start, ended_at=end)

    with django_assert_num_queries(queries):
        pages.get(page_of(alice, tab))


def test_person_page_takes_as_many_queries_whatever_there_is(
    pages, alice, django_assert_num_queries
):
    def add() -> None:
        focus(alice, timezone.now())
        client_of(alice)
        Ban.objects.impose(user_id=alice.pk, by=Actor(None, "operator"), reason="Spam")

    # One for each kind of rows held but the account; the others are the session, its
    # user, the person, the year, the week, bans, sign-ins and linked accounts; and the
    # look for badges: the progress in a transaction, the sessions, what was found.
    queries = len(list(personal_data_entries())) - 1 + 8 + 7
    for _ in range(2):
        add()
        with django_assert_num_queries(queries):
            pages.get(page_of(alice))
