"""What of mail is the same for all mails: how it is configured."""

from __future__ import annotations

import pytest

from focusmaster.tests.startup import PRODUCTION, check, start

SHOW = (
    "from focusmaster import settings as s; "
    "print(s.EMAIL_BACKEND.split('.')[-2], s.EMAIL_PORT, s.CLIENT_URL)"
)


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "console 25 http://localhost:3000"),
        ({**PRODUCTION, "EMAIL_HOST": "mail.example.com"}, "smtp 25 "),
        (PRODUCTION, "dummy 25 "),
        ({"EMAIL_USE_TLS": "true", "CLIENT_URL": ""}, "console 587 "),
        (
            {"EMAIL_USE_SSL": "true", "CLIENT_ORIGINS": "https://a.org,https://b.org"},
            "console 465 https://a.org",
        ),
        (
            {"EMAIL_PORT": "2525", "CLIENT_URL": "https://a.org/app/"},
            "console 2525 https://a.org/app",
        ),
    ],
)
def test_mail_follows_the_variables(tmp_path, variables, shown):
    ended = start(SHOW, tmp_path, **variables)

    assert ended.stderr == ""
    assert ended.stdout == f"{shown}\n"


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"EMAIL_USE_TLS": "true", "EMAIL_USE_SSL": "true"},
            "EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other.",
        ),
        (
            {"CLIENT_URL": "app.example.com"},
            "CLIENT_URL must be a URL such as https://app.example.com, "
            "not 'app.example.com'.",
        ),
    ],
)
def test_wrong_variables_stop_the_start_with_one_line(tmp_path, variables, line):
    ended = check(tmp_path, **variables)

    assert ended.returncode == 1
    assert ended.stderr == f"focusmaster: {line}\n"
