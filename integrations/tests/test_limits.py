"""What Spotify allows: its pauses, and the people whom it admits to an app."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections
from django.utils import timezone

from focusmaster.tests.concurrency import open_transactions
from focusmaster.tests.people import client_of
from integrations.fakes.spotify import PLAYER, TOKEN
from integrations.models import SpotifyLink, SpotifyPause
from integrations.tests.linking import (
    BROWSER,
    CALLBACK,
    JSON,
    browser_with,
    code_from,
    expire_here,
    link,
    query_of,
    refusal,
    started,
)

ROOT = "/api/spotify"
NOW_PLAYING = f"{ROOT}/now-playing"
CALLS = [
    ("get", "now-playing", None),
    ("get", "devices", None),
    ("post", "play", {}),
    ("put", "pause", {}),
    ("post", "next", {}),
    ("put", "device", {"device_id": "x"}),
]
calls = pytest.mark.parametrize(("method", "path", "given"), CALLS)


def limit(spotify, client, seconds: str) -> None:
    """Have Spotify want a pause."""
    spotify.fail("GET", PLAYER, 429, {"Retry-After": seconds})
    assert client.get(NOW_PLAYING)["Retry-After"] == seconds


# Pauses


@calls
def test_nobody_asks_in_a_pause_that_spotify_wants(
    linked, bob, spotify, method, path, given
):
    link(bob, spotify)
    limit(spotify, linked, "120")

    for client in (linked, client_of(bob)):
        response = getattr(client, method)(f"{ROOT}/{path}", given)

        assert refusal(response) == (429, "spotify_rate_limited")
        assert 110 <= int(response["Retry-After"]) <= 120
    assert len(spotify.requests) == 1


@pytest.mark.parametrize(
    ("wanted", "kept"), [("1", 1), ("299", 299), ("300", 300), ("3600", 300)]
)
def test_pause_lasts_as_long_as_spotify_wants_but_five_minutes_at_most(
    linked, spotify, wanted, kept
):
    limit(spotify, linked, wanted)

    left = SpotifyPause.objects.get().until - timezone.now()
    assert kept - 5 < left.total_seconds() <= kept


def test_spotify_is_asked_again_after_the_pause(linked, spotify):
    limit(spotify, linked, "120")
    SpotifyPause.objects.update(until=timezone.now() - timedelta(milliseconds=1))

    assert linked.get(NOW_PLAYING).status_code == 200


def test_shorter_pause_does_not_end_a_longer_one(db):
    SpotifyPause.objects.begin(200)
    SpotifyPause.objects.begin(2)

    assert SpotifyPause.objects.seconds_left() > 190


def test_longer_pause_replaces_a_shorter_one(db):
    SpotifyPause.objects.begin(2)
    SpotifyPause.objects.begin(200)

    assert SpotifyPause.objects.seconds_left() > 190


def test_database_keeps_one_pause(db):
    with pytest.raises(IntegrityError, match="integrations_spotifypause_one_row"):
        SpotifyPause.objects.create(id=2, until=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_limit_on_tokens_is_remembered_too(linked, spotify):
    expire_here()
    spotify.fail("POST", TOKEN, 429, {"Retry-After": "60"})

    for _ in range(2):
        response = linked.get(NOW_PLAYING)
        assert refusal(response) == (429, "spotify_rate_limited")
    assert len(spotify.requests) == 1


def test_link_that_comes_back_in_a_pause_can_be_completed_after_it(api, alice, spotify):
    SpotifyPause.objects.begin(60)
    given = {"code": code_from(spotify), "state": started(api)}

    assert refusal(api.get(CALLBACK, given, **JSON))[0] == 429
    assert refusal(api.post(CALLBACK, given))[0] == 429
    SpotifyPause.objects.all().delete()

    assert api.post(CALLBACK, given).status_code == 200


def test_browser_that_comes_back_in_a_pause_goes_on_with_an_error(api, spotify):
    SpotifyPause.objects.begin(60)
    state = started(api)
    given = {"code": code_from(spotify), "state": state}

    response = browser_with(state).get(CALLBACK, given, **BROWSER)

    assert query_of(response["Location"]) == {"spotify": "error"}


def test_who_is_not_linked_is_told_so_in_a_pause(api, spotify):
    SpotifyPause.objects.begin(60)

    assert refusal(api.get(NOW_PLAYING)) == (409, "spotify_not_linked")


# Who is admitted

NOT_REGISTERED = "User not registered in the Developer Dashboard"
TEXTS = [
    NOT_REGISTERED,
    "User not approved for app",
    "Check settings on developer.spotify.com/dashboard, the user may not be "
    "registered.",
    "The user is not registered for this application. Please check your settings on "
    "https://developer.spotify.com/dashboard.",
    "Active premium subscription required for the owner of the app. When the "
    "subscription status changes, it can take a few hours before requests are allowed "
    "again.",
]


def bare(text: str) -> bytes:
    return text.encode()


def as_json(text: str) -> bytes:
    return json.dumps({"error": {"status": 403, "message": text}}).encode()


@pytest.mark.parametrize("shape", [bare, as_json])
@pytest.mark.parametrize("text", TEXTS)
def test_person_whom_spotify_does_not_admit_is_told_so(
    linked, spotify, caplog, text, shape
):
    spotify.fail("GET", PLAYER, 403, body=shape(text))

    response = linked.get(NOW_PLAYING)

    assert refusal(response) == (403, "spotify_not_admitted")
    (line,) = [one for one in caplog.records if one.name == "focusmaster.spotify"]
    assert line.levelno == logging.WARNING
    assert "User Management" in line.getMessage()
    assert SpotifyLink.objects.exists()


@calls
def test_every_call_tells_it(linked, spotify, method, path, given):
    spotify.is_admitted = False

    response = getattr(linked, method)(f"{ROOT}/{path}", given)

    assert refusal(response) == (403, "spotify_not_admitted")


def test_premium_of_the_person_is_another_matter(linked, spotify):
    body = as_json("Player command failed: Premium required")
    spotify.fail("PUT", f"{PLAYER}/play", 403, body=body)

    assert refusal(linked.post(f"{ROOT}/play")) == (403, "premium_required")


@pytest.mark.django_db(transaction=True)
def test_link_ends_with_its_refresh_token(linked, spotify):
    spotify.revoke()

    assert refusal(linked.get(NOW_PLAYING)) == (409, "spotify_not_linked")
    assert not SpotifyLink.objects.exists()


# No call of Spotify's in a transaction


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
@pytest.mark.parametrize("path", ["next", "callback"])
def test_no_transaction_is_open_while_spotify_is_asked(linked, spotify, path, headers):
    expire_here()
    given = {} if path == "next" else {"code": code_from(spotify), "state": ""}
    if path == "callback":
        given["state"] = started(linked)
    spotify.delay = 0.5

    def ask() -> int:
        try:
            return linked.post(f"{ROOT}/{path}", given, **headers).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(ask)
        opened = []
        while not asked.done():
            asking = spotify.at_once, len(spotify.requests)
            seen = open_transactions()
            if spotify.at_once and asking == (spotify.at_once, len(spotify.requests)):
                opened += seen
    assert asked.result() == 200
    assert spotify.requests
    assert opened == []
