"""What to play, on what: bodies of commands, episodes, and devices."""

from __future__ import annotations

import pytest

from integrations.fakes.spotify import PLAYER
from integrations.tests.linking import refusal

ROOT = "/api/spotify"
ALBUM = "spotify:album:5ht7ItJgpBH7W6vJ5BqpPr"
TRACKS = ["spotify:track:4iV5W9uYEdYUVa79Axb7Rh", "spotify:episode:512ojhOuo1ktJpr"]
LONG = "spotify:track:" + "x" * 255


def sent(spotify, method: str, path: str):
    """Return the one request of this kind that reached Spotify."""
    (one,) = [r for r in spotify.requests if (r.method, r.path) == (method, path)]
    return one


# Episodes


@pytest.mark.parametrize("path", ["now-playing", "player"])
def test_episode_shows_as_what_it_is(linked, spotify, path):
    spotify.plays_episode = spotify.is_playing = True

    answer = linked.get(f"{ROOT}/{path}").json()

    assert answer["currently_playing_type"] == "episode"
    assert answer["item"]["type"] == "episode"
    assert answer["item"]["show"]["name"] == "Deep work"
    assert answer["connected"] is True


# What is so already


@pytest.mark.parametrize("command", ["play", "pause"])
@pytest.mark.parametrize("method", ["post", "put"])
def test_what_is_so_already_is_a_success(linked, spotify, method, command):
    spotify.is_playing = command == "play"

    response = getattr(linked, method)(f"{ROOT}/{command}")

    assert (response.status_code, response.json()) == (200, {"success": True})
    assert spotify.is_playing is (command == "play")


def test_play_on_the_device_that_plays_is_a_success(linked, spotify):
    spotify.is_playing = True
    here, there = [one["id"] for one in spotify.devices()]
    spotify.fail("PUT", f"{PLAYER}/play", 403)
    assert linked.post(f"{ROOT}/play", {"device_id": here}).status_code == 200
    spotify.fail("PUT", f"{PLAYER}/play", 403)

    response = linked.post(f"{ROOT}/play", {"device_id": there})

    assert refusal(response) == (409, "spotify_refused")


# The body of play


@pytest.mark.parametrize(
    "given",
    [
        {"context_uri": ALBUM},
        {"uris": TRACKS},
        {"uris": TRACKS * 2, "position_ms": 30_000},
        {"position_ms": 0},
        {"context_uri": "spotify:user:ada:collection", "position_ms": 7},
    ],
)
@pytest.mark.parametrize("method", ["post", "put"])
def test_what_to_play_reaches_spotify(linked, spotify, method, given):
    response = getattr(linked, method)(f"{ROOT}/play", given)

    assert response.status_code == 200
    assert sent(spotify, "PUT", f"{PLAYER}/play").json == given


def test_device_reaches_spotify_as_it_takes_it(linked, spotify):
    device_id = spotify.devices()[1]["id"]

    response = linked.post(f"{ROOT}/play", {"device_id": device_id})

    assert response.status_code == 200
    assert sent(spotify, "PUT", f"{PLAYER}/play").query == {"device_id": device_id}
    assert spotify.device == 1


@pytest.mark.parametrize("name", ["device_id", "context_uri", "uris", "position_ms"])
def test_null_is_as_if_it_were_not_there(linked, spotify, name):
    response = linked.post(f"{ROOT}/play", {name: None})

    assert response.status_code == 200
    assert not sent(spotify, "PUT", f"{PLAYER}/play").json


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"contex_uri": ALBUM}, "contex_uri"),
        ({"deviceId": "x"}, "deviceId"),
        ({"offset": {"position": 1}}, "offset"),
        ({"device_id": ""}, "device_id"),
        ({"device_id": 7}, "device_id"),
        ({"device_id": "x" * 256}, "device_id"),
        ({"context_uri": "weightless"}, "context_uri"),
        ({"context_uri": "https://open.spotify.com/album/5ht7"}, "context_uri"),
        ({"context_uri": "spotify:album:"}, "context_uri"),
        ({"context_uri": "spotify:album:5ht7 It"}, "context_uri"),
        ({"uris": []}, "uris"),
        ({"uris": TRACKS[0]}, "uris"),
        ({"uris": [TRACKS[0]] * 501}, "uris"),
        ({"uris": [TRACKS[0], 7]}, "uris.1"),
        ({"uris": [LONG]}, "uris.0"),
        ({"uris": TRACKS, "context_uri": ALBUM}, "uris"),
        ({"position_ms": -1}, "position_ms"),
        ({"position_ms": "7"}, "position_ms"),
        ({"position_ms": True}, "position_ms"),
        ({"position_ms": 86_400_001}, "position_ms"),
    ],
)
@pytest.mark.parametrize("method", ["post", "put"])
def test_play_refuses_what_makes_no_sense(linked, spotify, method, given, field):
    response = getattr(linked, method)(f"{ROOT}/play", given)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert spotify.requests == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "play"),
        ("put", "play"),
        ("post", "pause"),
        ("put", "pause"),
        ("post", "next"),
        ("post", "previous"),
        ("post", "prev"),
        ("put", "device"),
    ],
)
@pytest.mark.parametrize("body", ["{", "[]", "7", "null", '{"volume": 3}', "play"])
def test_commands_refuse_a_body_that_is_none(linked, spotify, method, path, body):
    send = getattr(linked, method)

    response = send(f"{ROOT}/{path}", data=body, content_type="application/json")

    assert response.status_code == 400
    assert spotify.requests == []


@pytest.mark.parametrize("body", [{}, None])
@pytest.mark.parametrize("path", ["play", "pause", "next", "previous", "prev"])
def test_commands_need_no_body(linked, spotify, path, body):
    spotify.is_playing = path == "pause"

    assert linked.post(f"{ROOT}/{path}", body).status_code == 200


def test_what_spotify_does_not_take_is_bad(linked, spotify):
    spotify.fail("PUT", f"{PLAYER}/play", 400)

    response = linked.post(f"{ROOT}/play", {"context_uri": "spotify:album:made-up"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "context_uri"


# Devices


def test_devices_are_spotifys_list(linked, spotify):
    response = linked.get(f"{ROOT}/devices")

    assert response.status_code == 200
    assert response.json() == {"devices": spotify.devices()}
    assert [one["name"] for one in response.json()["devices"]] == ["Kitchen", "Laptop"]


def test_no_device_is_an_empty_list(linked, spotify):
    spotify.has_device = False

    assert linked.get(f"{ROOT}/devices").json() == {"devices": []}


@pytest.mark.parametrize(
    ("given", "is_playing"),
    [({}, False), ({"play": False}, False), ({"play": True}, True)],
)
def test_music_goes_on_at_another_device(linked, spotify, given, is_playing):
    device_id = spotify.devices()[1]["id"]

    response = linked.put(f"{ROOT}/device", {"device_id": device_id, **given})

    assert (response.status_code, response.json()) == (200, {"success": True})
    assert spotify.device == 1
    assert spotify.is_playing is is_playing


@pytest.mark.parametrize("path", ["device", "play"])
def test_unknown_device_is_not_found(linked, spotify, path):
    response = linked.put(f"{ROOT}/{path}", {"device_id": "gone"})

    assert refusal(response) == (404, "no_active_device")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "device_id"),
        ({"device_id": None}, "device_id"),
        ({"device_ids": ["x"]}, "device_ids"),
        ({"device_id": "x", "play": "yes"}, "play"),
    ],
)
def test_device_refuses_what_makes_no_sense(linked, spotify, given, field):
    response = linked.put(f"{ROOT}/device", given)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert spotify.requests == []


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [("get", "devices", None), ("put", "device", {"device_id": "x"})],
)
def test_devices_are_for_who_is_linked(api, spotify, method, path, given):
    response = getattr(api, method)(f"{ROOT}/{path}", given)

    assert refusal(response) == (409, "spotify_not_linked")
