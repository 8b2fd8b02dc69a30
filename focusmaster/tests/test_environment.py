from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from focusmaster.environment import (
    checked_secret_key,
    database_from_url,
    env,
    env_bool,
    env_int,
    env_list,
    env_origins,
    kept_secret_key,
)
from focusmaster.tests.startup import PRODUCTION, STRONG_KEY, check, start


@pytest.fixture
def variable(monkeypatch):
    """Return a function that sets the variable the tests read."""
    return lambda value: monkeypatch.setenv("FOCUS_TEST", value)


# Single variables


def test_variable_without_default_must_be_set():
    with pytest.raises(ImproperlyConfigured, match="Set the FOCUS_TEST environment"):
        env("FOCUS_TEST")


@pytest.mark.parametrize("value", ["", "  "])
def test_variable_without_default_must_not_be_blank(variable, value):
    variable(value)

    with pytest.raises(ImproperlyConfigured, match="Set the FOCUS_TEST environment"):
        env("FOCUS_TEST")


def test_variable_wins_over_its_default(variable):
    variable("theirs")

    assert env("FOCUS_TEST", "ours") == "theirs"


def test_default_stands_in_for_a_variable_that_is_not_set():
    assert env("FOCUS_TEST", "ours") == "ours"


@pytest.mark.parametrize(
    ("value", "meaning"), [("true", True), ("True", True), ("FALSE", False)]
)
def test_flag_is_read(variable, value, meaning):
    variable(value)

    assert env_bool("FOCUS_TEST", "false") is meaning


@pytest.mark.parametrize("value", ["", "1", "yes", "on", " true"])
def test_flag_that_is_neither_is_refused(variable, value):
    variable(value)

    with pytest.raises(ImproperlyConfigured, match="FOCUS_TEST must be true or false"):
        env_bool("FOCUS_TEST", "false")


@pytest.mark.parametrize("value", ["1", "64", "007"])
def test_number_within_its_limits_is_read(variable, value):
    variable(value)

    assert env_int("FOCUS_TEST", "8", at_least=1, at_most=64) == int(value)


@pytest.mark.parametrize(
    "value", ["", "0", "65", "-1", "8.0", "1e1", "1_0", "+8", "٨", "²", "eight", " 8"]
)
def test_number_beyond_its_limits_is_refused(variable, value):
    variable(value)

    with pytest.raises(ImproperlyConfigured, match="a whole number from 1 to 64"):
        env_int("FOCUS_TEST", "8", at_least=1, at_most=64)


def test_list_drops_blanks(variable):
    variable(" a, b ,,c,")

    assert env_list("FOCUS_TEST", "") == ["a", "b", "c"]


def test_origins_are_read(variable):
    variable("https://app.example.com,http://localhost:3000, http://[::1]:5173")

    assert env_origins("FOCUS_TEST", "") == [
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:5173",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "*",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://app.example.com/app",
        "https://App.Example.com",
        "HTTPS://app.example.com",
        "ftp://app.example.com",
        "https://me@app.example.com",
        "https://*.example.com",
        "http://[",
        "http://localhost:",
        "null",
    ],
)
def test_origin_that_no_browser_sends_is_refused(variable, value):
    variable(f"https://app.example.com,{value}")

    with pytest.raises(ImproperlyConfigured, match="FOCUS_TEST must list origins"):
        env_origins("FOCUS_TEST", "")


# The database's address


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (
            "postgresql://me:secret@db.example.com:5433/focus",
            {
                "USER": "me",
                "PASSWORD": "secret",
                "HOST": "db.example.com",
                "PORT": "5433",
                "NAME": "focus",
            },
        ),
        ("postgres://db/focus", {"USER": "", "PASSWORD": "", "HOST": "db", "PORT": ""}),
        ("postgresql://u:a%40b%2Fc@h/n%20n", {"PASSWORD": "a@b/c", "NAME": "n n"}),
        ("postgresql://[::1]:5432/focus", {"HOST": "::1", "PORT": "5432"}),
        ("postgresql:///focus?host=/run/postgresql", {"HOST": "/run/postgresql"}),
        (
            "postgresql://h/n?sslmode=require&connect_timeout=3",
            {"OPTIONS": {"sslmode": "require", "connect_timeout": "3"}},
        ),
    ],
)
def test_database_url_is_taken_apart(url, parts):
    database = database_from_url(url)

    assert {name: database[name] for name in parts} == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "focus",
        "mysql://me:secret@db/focus",
        "sqlite:///secret.db",
        "postgresql://me:secret@db",
        "postgresql://me:secret@db/",
        "postgresql://me:secret@db:port/focus",
        "postgresql://me:secret@db:99999/focus",
        "postgresql://me:secret@[db/focus",
    ],
)
def test_database_url_that_cannot_be_meant_is_refused_without_repeating_it(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must look") as refused:
        database_from_url(url)

    assert "secret" not in str(refused.value)


# The secret key


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 100, "ab" * 50, f"django-insecure-{STRONG_KEY}"]
)
def test_weak_secret_key_is_refused(key):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is too weak"):
        checked_secret_key(key)


def test_strong_secret_key_is_taken():
    assert checked_secret_key(STRONG_KEY) == STRONG_KEY


def test_secret_key_is_made_once_and_kept_private(tmp_path):
    folder = tmp_path / "a folder" / "of state"

    first, second = kept_secret_key(folder), kept_secret_key(folder)

    assert first == second == checked_secret_key(first)
    [file] = folder.iterdir()
    assert file.read_text() == first
    assert file.stat().st_mode & 0o777 == 0o600


def test_secret_key_is_one_for_all_who_ask_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(kept_secret_key, [tmp_path] * 8))

    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_secret_key_that_cannot_be_kept_is_one_clear_line(tmp_path):
    file = tmp_path / "state"
    file.touch()

    with pytest.raises(ImproperlyConfigured, match="Set STATE_DIR to a folder"):
        kept_secret_key(file)


def test_damaged_secret_key_is_refused(tmp_path):
    (tmp_path / "secret_key").touch()

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is too weak"):
        kept_secret_key(tmp_path)


# The settings as a whole


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_half_configured(tmp_path, missing):
    variables = {name: PRODUCTION[name] for name in PRODUCTION if name != missing}

    ended = check(tmp_path, **variables)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"focusmaster: Set the {missing} environment variable.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://app:s3cret@db.example.com/focusmaster"),
        ("SECRET_KEY", "hunter2"),
        ("PORT", "http"),
        ("CLIENT_ORIGINS", "https://app.example.com/"),
        ("DEBUG", "maybe"),
    ],
)
def test_production_does_not_start_with_a_wrong_value(tmp_path, name, value):
    ended = check(tmp_path, **{**PRODUCTION, name: value})

    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"focusmaster: {name} ")
    assert "s3cret" not in line


def test_production_is_safe_by_default(tmp_path):
    code = (
        "from focusmaster import settings as s; print(s.DEBUG, s.ALLOWED_HOSTS, "
        "s.CLIENT_ORIGINS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
        "s.DATABASES['default']['EMBEDDED_DIR'])"
    )

    ended = start(code, tmp_path, **PRODUCTION)

    assert ended.stderr == ""
    assert ended.stdout == "False ['focus.example.com'] [] True True None\n"


def test_nothing_needs_to_be_set_and_reading_the_settings_writes_nothing(tmp_path):
    state = tmp_path / "state"
    code = "from focusmaster import settings as s; print(s.DEBUG, s.HOST, s.PORT)"

    ended = start(code, state)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "False 127.0.0.1 5000\n"
    assert not state.exists()


def test_all_limits_can_be_off(tmp_path):
    off = {f"RATE_LIMIT_{role}": "off" for role in ("GUEST", "USER", "ADMIN")}

    ended = start("import focusmaster.settings", tmp_path, **off)

    assert (ended.returncode, ended.stderr) == (0, "")
