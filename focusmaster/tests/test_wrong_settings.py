"""Settings that would start and then fail: one line at the start, and its end."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from focusmaster.environment import read_names, refuse_misspelt
from focusmaster.tests.startup import PRODUCTION, STRONG_KEY, check

SPOTIFY = {"SPOTIFY_CLIENT_ID": "id", "SPOTIFY_CLIENT_SECRET": "secret"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"REDIS_URL": "foo"},
        {"REDIS_URL": "http://localhost:6379"},
        {"REDIS_URL": "redis://localhost:port/0"},
        {"ALLOWED_HOSTS": "https://focus.example.com"},
        {"ALLOWED_HOSTS": "focus.example.com:443"},
        {"ALLOWED_HOSTS": "focus.example.com,::1"},
        {"ALLOWED_HOSTS": "focus.example.com/app"},
        {"ALLOWED_HOSTS": ","},
        {"STATE_DIR": ""},
        {"STATE_DIR": "  "},
        {"DEFAULT_FROM_EMAIL": ""},
        {"DEFAULT_FROM_EMAIL": "FocusMaster <a@mail..example.com>"},
        {"DEFAULT_FROM_EMAIL": "FocusMaster"},
        {"DEFAULT_FROM_EMAIL": "a@example.com\nBcc: b@example.com"},
        {"EMAIL_HOST": "smtp://mail.example.com"},
        {"EMAIL_HOST": "mail.example.com:25"},
        {"EMAIL_HOST_USER": "focus", "EMAIL_HOST": "mail.example.com"},
        {"EMAIL_HOST_PASSWORD": "secret", "EMAIL_HOST": "mail.example.com"},
        {"DEFAULT_FROM_EMAIL": "a@example.com, b@example.com"},
        {"EMAIL_TIMEOUT": "0"},
        {"CLIENT_ORIGINS": "https://app.example.com:443"},
        {"CLIENT_ORIGINS": "http://app.example.com:80"},
        {"CLIENT_ORIGINS": "https://app.example.com:65536"},
        {"CLIENT_ORIGINS": "https://app..example.com"},
        {"CLIENT_ORIGINS": "https://app.example.com."},
        {"CLIENT_ORIGINS": "https://-"},
        {
            "SPOTIFY_REDIRECT_URI": "http://localhost:5000/api/spotify/callback",
            **SPOTIFY,
        },
        {
            "SPOTIFY_REDIRECT_URI": "http://a.example.com/api/spotify/callback",
            **SPOTIFY,
        },
        {"SPOTIFY_REDIRECT_URI": "https://a.example.com/callback#top", **SPOTIFY},
        {"HOST": ""},
        {"HOST": "http://localhost"},
        {"SECRET_KEY_FALLBACKS": "short"},
        {"SECRET_KEY_FALLBACKS": f"{STRONG_KEY},{'a' * 60}"},
        {"CLIENT_URL": "https://"},
        {"CLIENT_URL": "https://a.example.com/?a=b"},
        {"CLIENT_URL": "https://a.example.com/#/app"},
        {"REDIS_URL": "redis://127.0.0.1/abc"},
        {"REDIS_URL": "rediss://127.0.0.1/0/1"},
        {"GOOGLE_JWKS_URL": ""},
        {"GOOGLE_ISSUER": ","},
        {"SPOTIFY_API_URL": "foo"},
        {"SPOTIFY_REDIRECT_URI": "foo", **SPOTIFY},
        {"SPOTIFY_REDIRECT_URI": "", **SPOTIFY},
        {"SPOTIFY_CLIENT_REDIRECT": "javascript:alert(1)"},
        {"SPOTIFY_CLIENT_ID": "id"},
        {"SPOTIFY_CLIENT_SECRET": "secret"},
        {"ALOWED_HOSTS": "focus.example.com"},
        {"RATE_LIMIT_USERS": "10/h"},
        {"EMAIL_PASSWORD": "secret"},
    ],
)
def test_wrong_setting_ends_the_start_with_one_line(tmp_path, wrong):
    ended = check(tmp_path, **{**PRODUCTION, **wrong})

    assert (ended.returncode, ended.stdout) == (1, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("focusmaster: ")
    assert next(iter(wrong)) in line


@pytest.mark.parametrize(
    "right",
    [
        {"REDIS_URL": "rediss://:secret@redis.example.com/1"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"ALLOWED_HOSTS": ".example.com,Focus.Example.com,[::1],10.0.0.5,*"},
        {"DEFAULT_FROM_EMAIL": "focus@mailhost"},
        {"SECRET_KEY_FALLBACKS": STRONG_KEY},
        {"SPOTIFY_REDIRECT_URI": "https://a.example.com/api/spotify/callback"}
        | SPOTIFY,
        {"CLIENT_URL": "", "SPOTIFY_CLIENT_REDIRECT": ""},
        {"HOST": "::"},
        {"SPOTIFY_REDIRECT_URI": "http://[::1]:5000/api/spotify/callback"} | SPOTIFY,
        {"SPOTIFY_REDIRECT_URI": "http://127.0.0.1/api/spotify/callback"} | SPOTIFY,
        {"CLIENT_ORIGINS": "https://app.example.com:8443,http://[::1]:81,http://a-b"},
        {"EMAIL_HOST_USER": "focus", "EMAIL_HOST_PASSWORD": "secret"},
    ],
)
def test_right_setting_starts(tmp_path, right):
    ended = check(tmp_path, **{**PRODUCTION, **right})

    assert (ended.returncode, ended.stderr) == (0, "")


def test_password_of_a_url_is_not_repeated(tmp_path):
    ended = check(tmp_path, REDIS_URL="redsi://:hunter2@localhost")

    assert ended.returncode == 1
    assert "hunter2" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ALOWED_HOSTS", "ALLOWED_HOSTS"),
        ("allowed_hosts", "ALLOWED_HOSTS"),
        ("SECRETKEY", "SECRET_KEY"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("CLIENT_ORIGIN", "CLIENT_ORIGINS"),
        ("REDIS_ULR", "REDIS_URL"),
        ("SPOTIFY_ID", "SPOTIFY_"),
        ("RATE_LIMIT_GUESTS", "RATE_LIMIT_GUEST"),
        ("STATEDIR", "STATE_DIR"),
    ],
)
def test_misspelt_variable_is_named_with_what_was_meant(name, meant):
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_misspelt([name])

    assert str(refused.value).startswith(f"{name} is no variable of FocusMaster; ")
    assert f"; {meant}" in str(refused.value)


def test_variables_of_other_programs_are_none_of_ours():
    refuse_misspelt(
        [
            *("PATH", "HOME", "LANG", "HOSTNAME", "PORTS", "EMAIL", "http_proxy"),
            *("DATABASE_USER", "STATE_DIRECTORY", "STATIC_DIR", "REDIS_HOST"),
            *("GOOGLE_APPLICATION_CREDENTIALS", "PGHOST", "SECRET_KEY_BASE"),
            *("EMAIL_SERVICE_HOST", "EMAIL_PORT_25_TCP_ADDR", "DJANGO_SETTINGS_MODULE"),
        ]
    )


def test_every_variable_of_the_example_is_known():
    example = (settings.BASE_DIR / ".env.example").read_text()
    names = set(re.findall(r"(?m)^#([A-Z][A-Z0-9_]+)=", example)) - {"TMPDIR"}

    assert names
    assert names <= read_names


# Probes, which know no name


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:5000", "[2001:db8::1]:5000"])
@pytest.mark.parametrize("path", ["/api/health", "/api/health/", "/api/health/ready"])
def test_probe_may_ask_by_address(client, host, path):
    assert client.get(path, headers={"host": host}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/api/health", "evil.example.com"),
        ("/api/health", "10.0.0.5.example.com"),
        ("/api/health", "[::1"),
        ("/api/schema", "10.0.0.5"),
        ("/admin/", "10.0.0.5"),
        ("/api/healthy", "10.0.0.5"),
    ],
)
def test_other_hosts_stay_refused(client, path, host):
    response = client.get(path, headers={"host": host})

    assert response.status_code == 400
