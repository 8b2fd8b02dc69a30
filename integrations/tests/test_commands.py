"""The commands for who runs the service, and for who develops it."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from django.core.management import CommandError, call_command

from focusmaster.tests.processes import MANAGE, free_port, manage
from integrations.fakes.google import FakeGoogle
from integrations.fakes.spotify import TOKEN


def checked(capsys) -> dict[str, str]:
    """Run the check, which must find no failure; return its lines by service."""
    call_command("check_integrations")
    lines = capsys.readouterr().out.splitlines()
    return {name: rest for name, _, rest in (line.partition(" ") for line in lines)}


def failure(capsys) -> str:
    """Run the check, which must find a failure; return all that it says."""
    with pytest.raises(CommandError) as caught:
        call_command("check_integrations")
    return f"{caught.value}\n{capsys.readouterr().out}"


@pytest.fixture(autouse=True)
def bare(settings) -> None:
    """Nothing is set up, to begin with."""
    settings.GOOGLE_CLIENT_IDS = []
    settings.SPOTIFY_CLIENT_ID = settings.SPOTIFY_CLIENT_SECRET = ""
    settings.EMAIL_HOST = settings.REDIS_URL = ""


# What is set up


def test_nothing_that_is_set_up_is_no_failure(capsys):
    found = checked(capsys)

    assert all("not set up" in text for text in found.values())
    assert "GOOGLE_CLIENT_ID" in found["Google"]
    assert "SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET" in found["Spotify"]
    assert "EMAIL_HOST" in found["Mail"]
    assert "REDIS_URL" in found["Redis"]


@pytest.mark.parametrize(
    ("can_send_mail", "said"), [(True, "printed to the console"), (False, "not sent")]
)
def test_mail_that_is_not_set_up_goes_nowhere_or_to_the_console(
    capsys, settings, can_send_mail, said
):
    settings.CAN_SEND_MAIL = can_send_mail

    assert said in checked(capsys)["Mail"]


def test_google_works(capsys, settings):
    settings.GOOGLE_CLIENT_IDS = ["somebody"]
    with FakeGoogle() as google:
        settings.GOOGLE_JWKS_URL = google.environment()["GOOGLE_JWKS_URL"]

        assert checked(capsys)["Google"].split()[0] == "works"


def test_google_that_cannot_be_reached_fails(capsys, settings):
    settings.GOOGLE_CLIENT_IDS = ["somebody"]
    settings.GOOGLE_JWKS_URL = "http://127.0.0.1:1/certs"

    said = failure(capsys)

    assert said.startswith("This does not work: Google.\n")
    assert "http://127.0.0.1:1/certs gives no keys" in said


def test_spotify_works(capsys, spotify, settings):
    said = checked(capsys)["Spotify"]
    assert "works" in said
    for rule in ("owner needs Premium", "5 people", "6 months"):
        assert rule in said
    assert [(one.path, one.form) for one in spotify.requests] == [
        (TOKEN, {"grant_type": "client_credentials"})
    ]


def test_spotify_with_a_wrong_secret_fails(capsys, spotify, settings):
    settings.SPOTIFY_CLIENT_SECRET = "not-the-secret"

    said = failure(capsys)

    assert "SPOTIFY_CLIENT_SECRET is not the app's" in said
    assert "not-the-secret" not in said


@pytest.mark.parametrize(
    "name", ["SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "SPOTIFY_REDIRECT_URI"]
)
def test_spotify_half_set_up_fails(capsys, spotify, settings, name):
    setattr(settings, name, "")

    assert f"Set {name}, too." in failure(capsys)


@pytest.mark.parametrize(
    ("uri", "is_taken"),
    [
        ("https://focus.example.com/api/spotify/callback", True),
        ("http://127.0.0.1:5000/api/spotify/callback", True),
        ("http://[::1]:5000/api/spotify/callback", True),
        ("http://localhost:5000/api/spotify/callback", False),
        ("http://focus.example.com/api/spotify/callback", False),
        ("focus.example.com", False),
    ],
)
def test_redirect_uri_is_one_that_spotify_takes(
    capsys, spotify, settings, uri, is_taken
):
    settings.SPOTIFY_REDIRECT_URI = uri

    if is_taken:
        assert uri in checked(capsys)["Spotify"]
    else:
        assert "SPOTIFY_REDIRECT_URI only with https://" in failure(capsys)


@pytest.mark.parametrize(("status", "said"), [(500, "fails: 500"), (429, "left alone")])
def test_spotify_that_is_down_fails(capsys, spotify, status, said):
    spotify.fail("POST", TOKEN, status)

    assert said in failure(capsys)


def test_mail_server_that_cannot_be_reached_fails(capsys, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    assert "127.0.0.1, port 1" in failure(capsys)


def test_mail_server_that_answers_works(capsys, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port

    assert "takes mail" in checked(capsys)["Mail"]
    server.stop()


def test_failure_is_the_exit_status(state_dir):
    done = manage(
        state_dir, "check_integrations", EMAIL_HOST="127.0.0.1", EMAIL_PORT="1"
    )

    assert done.returncode == 1
    assert "This does not work: Mail." in done.stderr


# The fakes


def test_fakes_run_until_they_are_told_to_stop():
    ports = [free_port(), free_port()]
    options = [f"--google-port={ports[0]}", f"--spotify-port={ports[1]}"]
    with subprocess.Popen(
        [*MANAGE, "run_fakes", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        lines = [process.stdout.readline() for _ in range(14)]
        variables = dict(
            line.removeprefix("export ").rstrip().split("=", 1)
            for line in lines
            if line.startswith("export ")
        )

        with urllib.request.urlopen(variables["GOOGLE_JWKS_URL"]) as response:
            assert json.load(response)["keys"]
        with urllib.request.urlopen(variables["SPOTIFY_CLIENT_REDIRECT"]) as response:
            assert b"Music while you focus" in response.read()
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
    assert variables["CLIENT_ORIGINS"] == ",".join(
        f"http://127.0.0.1:{port}" for port in ports
    )


def test_variables_alone_are_for_a_shell(capsys):
    call_command("run_fakes", "--variables")

    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("export ") for line in lines)


def test_taken_port_is_refused(spotify):
    with pytest.raises(CommandError, match="Cannot listen: Address already in use"):
        call_command("run_fakes", f"--google-port={spotify.port}", "--spotify-port=0")
