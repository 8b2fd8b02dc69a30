from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.dates.zones import timezone_names

ME = "/api/auth/me"

# Each number with its least and its most.
LIMITS = [
    ("focusDuration", "focus_minutes", 1, 1000),
    ("shortBreakDuration", "short_break_minutes", 1, 60),
    ("longBreakDuration", "long_break_minutes", 1, 120),
    ("longBreakInterval", "long_break_interval", 1, 12),
    ("dailyGoal", "daily_goal", 1, 100),
]
FLAGS = [
    ("autoStartSession", "auto_start_session"),
    ("autoStartBreak", "auto_start_break"),
    ("strictMode", "strict_mode"),
    ("spotifyAutoplay", "spotify_autoplay"),
    ("motivationalQuotes", "motivational_quotes"),
    ("soundEnabled", "sound_enabled"),
]
WORDS = [
    ("theme", "theme", ["light", "dark", "system", "blue", "green"]),
    ("weekStart", "week_start", ["monday", "sunday", "saturday"]),
]
NAMES = [name for name, *_ in LIMITS + FLAGS + WORDS] + ["timezone"]


def choose(client: APIClient, name: str, value: object):
    return client.patch(ME, {"settings": {name: value}})


def stored(user: User, column: str) -> object:
    return User.objects.values_list(column, flat=True).get(pk=user.pk)


def all_settings(client: APIClient) -> dict:
    return client.get(ME).json()["settings"]


@pytest.mark.parametrize(("name", "column", "least", "most"), LIMITS)
def test_number_is_taken_up_to_its_limits(api, alice, name, column, least, most):
    given = [least, most, least - 0.5, most + 0.4, least + 0.5, float(most)]
    meant = [least, most, least, most, least + 1, most]

    answers, rows = [], []
    for value in given:
        answers.append(choose(api, name, value).json()["settings"][name])
        rows.append(stored(alice, column))

    assert answers == rows == meant


@pytest.mark.parametrize(("name", "column", "least", "most"), LIMITS)
def test_number_beyond_its_limits_is_refused(api, alice, name, column, least, most):
    before = stored(alice, column)
    wrong = [least - 1, most + 1, most + 0.5, -5, 10**30, 1e300]
    messages = [f"give at least {least}", f"give at most {most}"]

    answers = [choose(api, name, value) for value in wrong]

    assert {answer.status_code for answer in answers} == {400}
    for answer in answers:
        [error] = answer.json()["errors"]
        assert error["field"] == f"settings.{name}"
        assert error["message"] in messages
    assert stored(alice, column) == before


@pytest.mark.parametrize(("name", "column", "least", "most"), LIMITS)
def test_what_is_no_number_is_refused(api, alice, name, column, least, most):
    before = stored(alice, column)
    wrong = [
        "5",
        "five",
        "",
        "1_0",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        True,
        None,
        [5],
        {"minutes": 5},
    ]

    answers = [choose(api, name, value) for value in wrong]

    assert {answer.status_code for answer in answers} == {400}
    assert {answer.json()["errors"][0]["field"] for answer in answers} == {
        f"settings.{name}"
    }
    assert stored(alice, column) == before


@pytest.mark.parametrize(("name", "column"), FLAGS)
def test_flag_is_true_or_false(api, alice, name, column):
    answers, rows = [], []
    for value in (True, False, True):
        answers.append(choose(api, name, value).json()["settings"][name])
        rows.append(stored(alice, column))

    assert answers == rows == [True, False, True]


@pytest.mark.parametrize(("name", "column"), FLAGS)
def test_what_is_neither_true_nor_false_is_refused(api, alice, name, column):
    before = stored(alice, column)
    wrong = ["true", "false", "yes", "", 0, 1, None, [], {}]

    answers = [choose(api, name, value) for value in wrong]

    assert {answer.status_code for answer in answers} == {400}
    assert stored(alice, column) == before


@pytest.mark.parametrize(("name", "column", "words"), WORDS)
def test_word_is_one_of_its_set(api, alice, name, column, words):
    answers, rows = [], []
    for word in words:
        answers.append(choose(api, name, word).json()["settings"][name])
        rows.append(stored(alice, column))

    assert answers == rows == words


@pytest.mark.parametrize(("name", "column", "words"), WORDS)
def test_word_outside_of_its_set_is_refused(api, alice, name, column, words):
    before = stored(alice, column)
    first = words[0]
    wrong = ["purple", first.title(), f" {first}", "", None, 0, True, [first], {}]

    answers = [choose(api, name, value) for value in wrong]

    assert {answer.status_code for answer in answers} == {400}
    assert answers[0].json()["message"] == (
        f"settings.{name}: give one of: {', '.join(words)}"
    )
    assert stored(alice, column) == before


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "America/Argentina/Buenos_Aires",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Etc/GMT+12",
        "GMT",
        "US/Eastern",
    ],
)
def test_timezone_is_an_iana_name(api, alice, name):
    response = choose(api, "timezone", name)

    assert response.status_code == 200
    assert response.json()["settings"]["timezone"] == name
    assert stored(alice, "timezone") == name


@pytest.mark.parametrize(
    "name",
    [
        "UTC+25",
        "UTC+1",
        "+01:00",
        "localtime",
        "posixrules",
        "",
        "  ",
        "europe/berlin",
        "EUROPE/BERLIN",
        "Europe",
        "Europe/",
        "Europe/Berlin/Mitte",
        "/Europe/Berlin",
        "../Europe/Berlin",
        "/etc/localtime",
        "posix/Europe/Berlin",
        "Berlin",
        "CEST",
        "x" * 5000,
        None,
        1,
        ["UTC"],
    ],
)
def test_what_is_no_timezone_is_refused(api, alice, name):
    response = choose(api, "timezone", name)

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["field"] == "settings.timezone"
    assert stored(alice, "timezone") == "UTC"


def test_timezones_fit_where_they_are_stored():
    longest = max(map(len, timezone_names()))

    assert longest <= User._meta.get_field("timezone").max_length


def test_settings_are_merged(api):
    before = all_settings(api)
    api.patch(ME, {"settings": {"theme": "dark", "dailyGoal": 3}})

    api.put("/api/auth/profile", {"settings": {"dailyGoal": 5, "strictMode": True}})

    assert all_settings(api) == {
        **before,
        "theme": "dark",
        "dailyGoal": 5,
        "strictMode": True,
    }


def test_one_wrong_setting_keeps_all_as_they_were(api):
    before = all_settings(api)

    response = api.patch(ME, {"settings": {"theme": "dark", "dailyGoal": 101}})

    assert response.status_code == 400
    assert all_settings(api) == before


def test_all_wrong_settings_are_named(api):
    response = api.patch(ME, {"settings": dict.fromkeys(NAMES)})

    assert response.status_code == 400
    named = {error["field"] for error in response.json()["errors"]}
    assert named == {f"settings.{name}" for name in NAMES}


@pytest.mark.parametrize("settings", [None, [], "dark", 5, True])
def test_settings_are_an_object(api, settings):
    response = api.patch(ME, {"settings": settings})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "settings"


@pytest.mark.parametrize(
    "name", ["tehme", "Theme", "focus_minutes", "password", "role"]
)
def test_unknown_setting_is_refused_by_name(api, alice, name):
    response = choose(api, name, "admin")

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error == {"field": f"settings.{name}", "message": "there is no such field"}
    assert stored(alice, "role") == "user"
