"""The player: what is on, what it is told, and what Spotify refuses."""

from __future__ import annotations

import json

import pytest

from integrations import player
from integrations.exceptions import SpotifyUnavailable
from integrations.executors import executor_size
from integrations.fakes.spotify import PLAYER
from integrations.models import SpotifyLink
from integrations.tests.linking import refusal

ROOT = "/api/spotify"
COMMANDS = [
    ("post", "play", "PUT", "play"),
    ("put", "play", "PUT", "play"),
    ("post", "pause", "PUT", "pause"),
    ("put", "pause", "PUT", "pause"),
    ("post", "next", "POST", "next"),
    ("post", "previous", "POST", "previous"),
    ("post", "prev", "POST", "previous"),
]
RESTRICTED = json.dumps(
    {
        "error": {
            "status": 403,
            "message": "Player command failed: Restriction violated",
            "reason": "UNKNOWN",
        }
    }
).encode()
# One of a kind: they go the same way.
CALLS = [
    ("get", "now-playing", "GET", PLAYER),
    ("post", "next", "POST", f"{PLAYER}/next"),
    ("put", "play", "PUT", f"{PLAYER}/play"),
]
calls = pytest.mark.parametrize(("method", "path", "sent", "sent_path"), CALLS)


# What works


@pytest.mark.parametrize("path", ["now-playing", "player"])
def test_player_is_spotifys_own_object(linked, spotify, path):
    spotify.is_playing = True

    response = linked.get(f"{ROOT}/{path}")

    assert response.status_code == 200
    answer = response.json()
    assert answer.pop("connected") is True
    expected = json.loads(spotify.state().body)
    for moving in ("progress_ms", "timestamp"):
        assert 0 <= expected.pop(moving) - answer.pop(moving) < 5000
    assert answer == expected
    assert answer["item"]["name"] == "Weightless"
    assert answer["item"]["album"]["images"]


def test_nothing_plays(linked, spotify):
    spotify.has_device = False

    response = linked.get(f"{ROOT}/now-playing")

    assert response.json() == {"connected": True, "is_playing": False, "item": None}


@pytest.mark.parametrize(("method", "path", "sent", "command"), COMMANDS)
def test_command_reaches_spotify_once(linked, spotify, method, path, sent, command):
    spotify.is_playing = command == "pause"

    response = getattr(linked, method)(f"{ROOT}/{path}")

    assert response.status_code == 200
    assert response.json() == {"success": True}
    (asked,) = spotify.requests
    assert (asked.method, asked.path) == (sent, f"{PLAYER}/{command}")


def test_commands_change_what_is_on(linked):
    linked.post(f"{ROOT}/play")
    linked.post(f"{ROOT}/next")
    linked.post(f"{ROOT}/next")
    linked.post(f"{ROOT}/prev")

    answer = linked.get(f"{ROOT}/player").json()

    assert answer["is_playing"] is True
    assert answer["item"]["name"] == "Gymnopédie No. 1"


def test_call_takes_two_queries(linked, django_assert_num_queries):
    with django_assert_num_queries(2):  # the token and the link
        linked.post(f"{ROOT}/next")


def test_repeated_command_with_its_key_is_not_done_again(linked, spotify):
    for _ in range(2):
        response = linked.post(f"{ROOT}/next", HTTP_IDEMPOTENCY_KEY="k")

    assert response["Idempotency-Replayed"] == "true"
    assert spotify.count("POST", f"{PLAYER}/next") == 1


def test_connection_to_spotify_is_used_again(linked, spotify, monkeypatch):
    accepted = []
    accept = spotify.server.get_request
    monkeypatch.setattr(
        spotify.server, "get_request", lambda: accepted.append(1) or accept()
    )

    for _ in range(20):
        assert linked.get(f"{ROOT}/player").status_code == 200

    assert len(accepted) <= executor_size()


# What is refused


@calls
def test_who_is_not_linked_is_told_so(api, spotify, method, path, sent, sent_path):
    response = getattr(api, method)(f"{ROOT}/{path}")

    assert response.status_code == 409
    assert response.json() == {
        "connected": False,
        "message": "Spotify is not connected. Connect it first.",
        "code": "spotify_not_linked",
        "requestId": response["X-Request-Id"],
    }
    assert spotify.requests == []


def test_command_needs_premium(linked, spotify):
    spotify.is_premium = False

    assert refusal(linked.post(f"{ROOT}/play")) == (403, "premium_required")


def test_premium_is_also_recognised_by_the_message_alone(linked, spotify):
    error = {"status": 403, "message": "Player command failed: Premium required"}
    body = json.dumps({"error": error}).encode()
    spotify.fail("PUT", f"{PLAYER}/play", 403, body=body)

    assert refusal(linked.post(f"{ROOT}/play")) == (403, "premium_required")


def test_command_needs_a_device(linked, spotify):
    spotify.has_device = False

    assert refusal(linked.post(f"{ROOT}/next")) == (404, "no_active_device")


@pytest.mark.parametrize("command", ["next", "pause", "play"])
def test_what_spotify_does_not_allow_now_is_a_conflict(linked, spotify, command):
    spotify.is_playing = command == "pause"
    sent = "POST" if command == "next" else "PUT"
    spotify.fail(sent, f"{PLAYER}/{command}", 403, body=RESTRICTED)

    assert refusal(linked.post(f"{ROOT}/{command}")) == (409, "spotify_refused")


@calls
@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ({"Retry-After": "17"}, "17"),
        ({"Retry-After": "0"}, "1"),
        ({"Retry-After": "9999999999"}, "86400"),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "5"),
        ({"Retry-After": "-3"}, "5"),
        ({}, "5"),
    ],
)
def test_too_many_requests_are_passed_on_with_the_time_to_wait(
    linked, spotify, method, path, sent, sent_path, given, passed_on
):
    spotify.fail(sent, sent_path, 429, given)

    response = getattr(linked, method)(f"{ROOT}/{path}")

    assert refusal(response) == (429, "spotify_rate_limited")
    assert response["Retry-After"] == passed_on
    assert spotify.count(sent, sent_path) == 1


DEEP = b"[" * 100_000


@calls
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {}, b""),
        (500, {}, b"<html>oops</html>"),
        (502, {}, b"null"),
        (503, {"Retry-After": "1"}, b'{"error": "down"}'),
        (503, {}, b'["no object"]'),
        (504, {}, b'{"error": ["no object"]}'),
        (500, {}, b"\xff\xfe"),
        (500, {}, DEEP),
        (302, {"Location": "/v1/elsewhere"}, b""),
        (307, {"Location": "http://127.0.0.1:1/"}, b""),
    ],
)
def test_fault_of_spotifys_is_a_bad_gateway_and_not_tried_again(
    linked, spotify, method, path, sent, sent_path, status, headers, body
):
    spotify.fail(sent, sent_path, status, headers, body)

    response = getattr(linked, method)(f"{ROOT}/{path}")

    assert refusal(response) == (502, "spotify_unavailable")
    assert int(response["Retry-After"]) >= 1
    assert len(spotify.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'"text"',
        b"17",
        b'{"item": NaN}',
        b'{"item": "\\ud800"}',
        b'{"cut": ',
        b"\xff",
        DEEP,
        b'{"long": "' + b"x" * 2**20 + b'"}',
    ],
)
def test_garbage_instead_of_the_player_is_a_bad_gateway(linked, spotify, body):
    spotify.fail("GET", PLAYER, 200, body=body)

    response = linked.get(f"{ROOT}/now-playing")

    assert refusal(response) == (502, "spotify_unavailable")


@pytest.mark.parametrize("body", [b"", b"null", b"   "])
def test_empty_answer_means_that_nothing_plays(linked, spotify, body):
    spotify.fail("GET", PLAYER, 200, body=body)

    assert linked.get(f"{ROOT}/now-playing").json()["item"] is None


def test_body_that_spotify_sends_beside_a_success_does_not_matter(linked, spotify):
    spotify.fail("POST", f"{PLAYER}/next", 200, body=DEEP[:10])

    assert linked.post(f"{ROOT}/next").status_code == 200


def test_spotify_that_is_not_there_is_a_bad_gateway(linked, settings):
    settings.SPOTIFY_API_URL = "http://127.0.0.1:1/v1"

    assert refusal(linked.post(f"{ROOT}/next")) == (502, "spotify_unavailable")


# Silence


@pytest.fixture
def hasty(monkeypatch) -> None:
    """Have calls end after a moment, to see quickly what happens then."""
    monkeypatch.setattr(player, "BUDGET", 0.3)


def test_budget_is_less_than_five_seconds():
    assert player.BUDGET < 5


@calls
def test_silence_ends_as_a_bad_gateway(
    linked, spotify, hasty, method, path, sent, sent_path
):
    spotify.keep_silent(sent, sent_path)

    response = getattr(linked, method)(f"{ROOT}/{path}")

    assert refusal(response) == (502, "spotify_unavailable")
    assert spotify.count(sent, sent_path) == 1


def test_answer_that_trickles_ends_as_a_bad_gateway(linked, spotify, hasty):
    spotify.trickle("GET", PLAYER)

    response = linked.get(f"{ROOT}/now-playing")

    assert refusal(response) == (502, "spotify_unavailable")


def test_link_survives_whatever_spotify_does(linked, spotify, hasty):
    spotify.keep_silent("GET", PLAYER)
    spotify.fail("GET", PLAYER, 500)
    for _ in range(2):
        linked.get(f"{ROOT}/now-playing")

    response = linked.get(f"{ROOT}/now-playing")

    assert response.status_code == 200
    assert SpotifyLink.objects.exists()


def test_refusal_says_to_staff_what_happened(linked, alice, spotify):
    spotify.fail("POST", f"{PLAYER}/next", 503)

    with pytest.raises(SpotifyUnavailable) as caught:
        player.control(alice, "next")

    assert caught.value.why == "503"
