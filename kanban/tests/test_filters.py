"""The list of tasks, narrowed down, searched and ordered."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from kanban.models import Task

TASKS = "/api/tasks"
DAY = timedelta(days=1)


@pytest.fixture
def add(alice):
    def add(title: str, **fields) -> Task:
        return Task.objects.add(user=alice, title=title, **fields)

    return add


def titles(api, **query) -> list[str]:
    response = api.get(TASKS, query)
    assert response.status_code == 200, response.json()
    return [task["title"] for task in response.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "done"}, ["c"]),
        ({"priority": "high"}, ["b", "a"]),
        ({"tag": "home"}, ["c", "a"]),
        ({"tag": "hom"}, []),
        ({"category": "Study"}, ["b"]),
        ({"category": "study"}, []),
        ({"priority": "high", "tag": "home"}, ["a"]),
    ],
)
def test_filters_keep_what_matches_all_of_them(api, add, query, expected):
    add("a", priority="high", tags=["home"])
    add("b", priority="high", category="Study")
    add("c", status="done", tags=["work", "home"])

    assert titles(api, **query) == expected


def test_tasks_of_others_are_never_found(api, bob):
    Task.objects.add(user=bob, title="Secret", tags=["home"])

    assert titles(api, tag="home") == titles(api, search="secret") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "later"}, "status"),
        ({"priority": "urgent"}, "priority"),
        ({"due": "tomorrow"}, "due"),
        ({"due": "today", "tz": "Mars"}, "tz"),
        ({"sort": "title"}, "sort"),
        ({"sort": "--position"}, "sort"),
        ({"search": "x" * 201}, "search"),
        ({"search": "a\0b"}, "search"),
        ({"tag": "\0"}, "tag"),
        ({"category": "Work\0"}, "category"),
    ],
)
def test_unknown_filter_value_is_refused(api, query, field):
    response = api.get(TASKS, query)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


# Order


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("createdAt", ["a", "b", "c"]),
        ("-createdAt", ["c", "b", "a"]),
        ("priority", ["b", "c", "a"]),
        ("-priority", ["a", "c", "b"]),
        ("deadline", ["c", "a", "b"]),  # without one: last
        ("-deadline", ["a", "c", "b"]),
        ("position", ["c", "b", "a"]),
        ("-position", ["a", "b", "c"]),
    ],
)
@pytest.mark.parametrize("paged", [False, True])
def test_list_is_sorted(api, add, sort, expected, paged):
    now = timezone.now()
    add("a", priority="high", deadline=now + 2 * DAY, at=now - 3 * DAY)
    add("b", priority="low", at=now - 2 * DAY)
    add("c", priority="medium", deadline=now + DAY, at=now - DAY)

    if paged:
        found, query = [], {"sort": sort, "limit": 1}
        while query:
            response = api.get(TASKS, query)
            found += [task["title"] for task in response.json()]
            link = response.get("Link", "")
            query = dict(
                part.split("=", 1)
                for part in link.partition("?")[2].partition(">")[0].split("&")
                if part
            )
            query = {name: value.replace("%3A", ":") for name, value in query.items()}
    else:
        found = titles(api, sort=sort)

    assert found == expected


# Search


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("write", ["Write documentation"]),
        ("ocumentatio", ["Write documentation"]),
        ("DOC wri", ["Write documentation"]),
        ("doc read", []),
        ("cafe", ["Café"]),
        ("CAFE\u0301", ["Café"]),
        (
            "адаЧА",
            ["Большая задача"],
        ),
        ("backend", ["Café"]),  # a tag
        ("endfront", []),  # of two tags
        (
            "arde",
            ["Большая задача"],
        ),  # the category
        ("paragraph.", ["Write documentation"]),  # the description
        (
            "  ",
            [
                "Большая задача",
                "Café",
                "Write documentation",
            ],
        ),
        ("!?&|", []),
        ("it's", []),
        ("write:* | café", []),
        ("%", []),
        ("_", []),
        ("w%e", []),
        ("++", []),
        ("\\", []),
        ("\U0001f345", []),
        ("\u0301", []),
        ("\u00b4", []),
    ],
)
def test_search_finds_every_part_anywhere(api, add, search, expected):
    add("Write documentation", description="One paragraph.")
    add("Café", tags=["backend", "front"])
    add(
        "Большая задача",
        category="Garden",
    )

    assert titles(api, search=search) == expected


@pytest.mark.parametrize(
    ("title", "searches"),
    [
        (
            "今月の売上",
            [
                "月の",
                "売",
                "売\u3000今",
                "月の売上",
            ],
        ),
        ("Teambesprechung", ["besprech", "UNG", "ung\u00a0team"]),
        ("100% of C++ a_b \\o/", ["%", "++", "_", "\\", "0%", "a_b", "\\O/"]),
        ("\U0001f345 Pomodoro ❤\ufe0f", ["\U0001f345", "❤", "\U0001f345"]),
        ("Straße", ["strasse", "STRASSE", "ẞ", "straße", "sse"]),
        ("STRASSE", ["straße", "ß"]),
        ("Smørrebrød", ["smorrebrod", "SMØRRE"]),
        ("Łódź", ["lodz", "łÓD"]),
        ("Iş\u0131k İstanbul", ["isik", "istanbul", "ISIK", "\u0131stanbul"]),
        (
            "Οδός",
            [
                "οδο\u03c3",
                "ΟΔΟΣ",
                "\u03c3",
                "ς",
            ],
        ),
        ("Йога", ["иога", "ИО"]),
        ("がっこう", ["か", "こう"]),
        ("\uff26\uff55\uff4c\uff4c ﬁne \u2460", ["full", "FINE", "1"]),
        (
            "\u064fم\u064fح\u064eم\u0651\u064eد",
            ["محمد"],
        ),
        (
            "ह\u093fन\u094dद\u0940 स\u0940खन\u093e",
            ["ह\u093f", "न\u094dद\u0940", "खन\u093e"],
        ),
        ("ประช\u0e38ม", ["ช\u0e38ม"]),
        ("한글 노트", ["글", "\u1112\u1161\u11ab", "트"]),
        (
            "Ստուգել",
            ["ստո", "\u054d\u054f"],
        ),
        ("Tiếng Việt", ["tieng viet", "IENG"]),
        ("Mail ann@example.com", ["ann@example.com", "n@e", "mail ann"]),
        ("Release 3.14 (2026-02-02)", ["3.14", "14", "2026-02-02", "(2026", "02)"]),
    ],
)
def test_search_is_without_regard_to_case_and_accents(api, add, title, searches):
    add(normalize("NFC", title))
    add("Something else", description="Word by word.")

    found = {search: titles(api, search=search) for search in searches}

    assert found == {search: [normalize("NFC", title)] for search in searches}


@pytest.mark.parametrize(
    ("title", "search"),
    [
        ("한글", "하"),
        ("Stras", "ß"),
        ("a b", "\u00a8"),
        ("o", "æ"),
    ],
)
def test_search_takes_other_letters_for_others(api, add, title, search):
    add(title)

    assert titles(api, search=search) == []


@pytest.mark.parametrize(
    "forms", [("café", "cafe\u0301"), ("한", "\u1112\u1161\u11ab")]
)
def test_filters_take_every_normal_form(api, forms):
    api.post(TASKS, {"title": "A", "tags": [forms[1]], "category": forms[1]})

    for form in forms:
        assert titles(api, tag=form) == titles(api, category=form) == ["A"]


def test_search_of_as_many_words_as_fit(api, add):
    add("Write", description=" ".join("abcdefghij"))
    search = " ".join("abcdefghij" * 10)

    assert titles(api, search=search) == ["Write"]
    assert titles(api, search=f"{search[:-1]}%") == []


def test_newest_comes_first_unless_sorted(api, add):
    add("Report", description="Numbers.")
    add("Numbers", description="For the report.")
    add("Other", description="Words about a report.", tags=["report"])

    assert titles(api, search="report") == ["Other", "Numbers", "Report"]
    assert titles(api, search="report", sort="createdAt")[0] == "Report"
    assert titles(api, search="report", limit=1) == ["Other"]


def test_change_is_found_at_once(api, add):
    task = add("Write")

    api.patch(f"{TASKS}/{task.pk}", {"title": "Read"})

    assert titles(api, search="read") == ["Read"]
    assert titles(api, search="write") == []


def test_words_are_there_after_a_dump_is_restored(api, alice, add):
    task = add("Write")

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")  # As a dump begins.
        cursor.execute(
            "UPDATE public.kanban_task SET title = 'Node.js' WHERE id = %s",
            [bytes.fromhex(task.pk)],
        )
        cursor.execute("SET LOCAL search_path = public")

    assert titles(api, search="js") == ["Node.js"]


# Due


def local_noon(zone: ZoneInfo, days: int = 0) -> datetime:
    today = timezone.now().astimezone(zone).date() + days * DAY
    return datetime.combine(today, time(12), zone)


def utc_midnight(zone: ZoneInfo, days: int = 0) -> datetime:
    """Return how a day of a zone is stored."""
    return datetime.combine(local_noon(zone, days).date(), time(), UTC)


@pytest.mark.parametrize(
    "name", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"]
)
def test_due_days_are_the_persons_own(api, alice, add, name):
    zone = ZoneInfo(name)
    alice.timezone = name
    alice.save(update_fields=["timezone"])
    for days in (-1, 0, 1, 6, 7):
        add(f"day {days}", due_date=utc_midnight(zone, days), is_all_day=True)
        add(f"noon {days}", deadline=local_noon(zone, days))
    add("no date")

    overdue = set(titles(api, due="overdue")) - {"noon 0"}
    today = set(titles(api, due="today"))
    week = set(titles(api, due="week"))

    assert overdue == {"day -1", "noon -1"}
    assert today == {"day 0", "noon 0"}
    assert week == {f"{kind} {n}" for kind in ("day", "noon") for n in (0, 1, 6)}


@pytest.mark.parametrize("name", ["Asia/Kolkata", "America/Los_Angeles"])
def test_local_midnight_of_an_all_day_task_is_its_day(api, alice, add, name):
    zone = ZoneInfo(name)
    alice.timezone = name
    alice.save(update_fields=["timezone"])
    for days in (-1, 0, 1):
        midnight = datetime.combine(local_noon(zone, days).date(), time(), zone)
        add(f"day {days}", due_date=midnight, is_all_day=True)
        add(f"midnight {days}", due_date=midnight)

    assert set(titles(api, due="overdue")) == {"day -1", "midnight -1", "midnight 0"}
    assert set(titles(api, due="today")) == {"day 0", "midnight 0"}


def test_zone_of_the_request_decides_what_is_due(api, add):
    zone = ZoneInfo("Pacific/Kiritimati")
    add("there", deadline=utc_midnight(zone))

    assert titles(api, due="today", tz="Pacific/Kiritimati") == ["there"]


def test_earlier_of_two_dates_counts(api, add):
    now = timezone.now()
    add("a", deadline=now + 30 * DAY, due_date=now - DAY)

    assert titles(api, due="overdue") == ["a"]


def test_what_is_done_is_not_overdue(api, add):
    add("a", deadline=timezone.now() - DAY, status="done")

    assert titles(api, due="overdue") == []


def test_past_instant_of_today_is_overdue_and_due_today(api, alice, add):
    # In a zone in which it is about noon.
    hours = 12 - timezone.now().hour
    zone = f"Etc/GMT{-hours:+d}"
    add("a", deadline=timezone.now() - timedelta(minutes=5, microseconds=1000))

    assert titles(api, due="overdue", tz=zone) == ["a"]
    assert titles(api, due="today", tz=zone) == ["a"]


@pytest.mark.parametrize(
    "query",
    [
        {"search": "write", "due": "week", "sort": "priority", "tag": "x"},
        {"due": "overdue", "limit": 5},
    ],
)
def test_filtered_list_takes_two_queries(api, django_assert_num_queries, query):
    with django_assert_num_queries(2):  # the sign-in and the list
        api.get(TASKS, query)
