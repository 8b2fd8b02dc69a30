"""Music that follows the focus, in the background."""

from __future__ import annotations

from threading import Event

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.processes import until
from integrations import executors, player
from integrations.executors import LatestTaskQueue
from integrations.fakes.spotify import PLAYER, TOKEN
from integrations.models import SpotifyLink

FOCUS = "/api/spotify/focus"
PLAY, PAUSE = ("PUT", f"{PLAYER}/play"), ("PUT", f"{PLAYER}/pause")

# The background has a connection of its own, which sees only what is committed.
in_background = pytest.mark.django_db(transaction=True)


@pytest.fixture
def autoplay(linked, alice) -> APIClient:
    User.objects.filter(pk=alice.pk).update(spotify_autoplay=True)
    return linked


def tell(client: APIClient, phase: str) -> int:
    return client.post(FOCUS, {"phase": phase}).status_code


# What happens


def test_music_plays_when_focus_begins_and_pauses_after_it(here, autoplay, spotify):
    for phase, plays in [("focus", True), ("break", False)]:
        assert tell(autoplay, phase) == 202
        assert spotify.is_playing is plays


def test_music_pauses_when_everything_stops(here, autoplay, spotify):
    spotify.is_playing = True

    tell(autoplay, "stop")

    assert spotify.is_playing is False


def test_nothing_happens_unless_the_person_wants_it(here, linked, spotify):
    assert tell(linked, "focus") == 202

    assert spotify.requests == []


def test_who_is_not_linked_is_answered_alike(here, api, alice, spotify):
    User.objects.filter(pk=alice.pk).update(spotify_autoplay=True)

    assert tell(api, "focus") == 202

    assert spotify.requests == []


def test_service_without_spotify_answers_alike(here, autoplay, spotify, settings):
    settings.SPOTIFY_CLIENT_ID = ""

    assert tell(autoplay, "focus") == 202

    assert spotify.requests == []


def test_expired_token_is_refreshed_on_the_way(here, autoplay, spotify):
    SpotifyLink.objects.update(expires_at=timezone.now())

    tell(autoplay, "focus")

    assert spotify.is_playing is True
    assert spotify.count("POST", TOKEN) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_answer_does_not_depend_on_spotifys(here, autoplay, spotify, status):
    spotify.fail(*PLAY, status)

    assert tell(autoplay, "focus") == 202


def test_link_that_was_revoked_goes_in_the_background_too(here, autoplay, spotify):
    spotify.revoke()

    assert tell(autoplay, "focus") == 202

    assert not SpotifyLink.objects.exists()


@in_background
def test_answer_comes_while_spotify_is_silent(autoplay, spotify):
    spotify.keep_silent(*PLAY)

    response = autoplay.post(FOCUS, {"phase": "focus"})

    assert response.status_code == 202
    until(lambda: spotify.count(*PLAY))
    assert player.focus_queue.busy
    spotify.released.set()
    until(lambda: not player.focus_queue.busy)


@in_background
def test_of_what_waits_only_the_latest_happens(autoplay, spotify):
    spotify.keep_silent(*PLAY)
    autoplay.post(FOCUS, {"phase": "focus"})
    until(lambda: spotify.count(*PLAY))

    for phase in ["break", "focus", "stop", "focus", "break"]:
        assert autoplay.post(FOCUS, {"phase": phase}).status_code == 202
    spotify.released.set()
    until(lambda: not player.focus_queue.busy)

    assert [(one.method, one.path) for one in spotify.requests] == [PLAY, PAUSE]
    assert spotify.is_playing is False


def test_request_takes_one_query(here, linked, django_assert_num_queries):
    with django_assert_num_queries(2):  # the token; the link, in the background
        linked.post(FOCUS, {"phase": "focus"})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "phase"),
        ({"phase": "lunch"}, "phase"),
        ({"phase": None}, "phase"),
        ({"phase": "focus", "volume": 3}, "volume"),
    ],
)
def test_phase_is_one_of_three(api, given, field):
    response = api.post(FOCUS, given)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


# The queue by itself


class Recorder:
    """Acts that wait at a gate and remember what they did."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.gate = Event()

    def __call__(self, user_id: str, what: str) -> None:
        self.gate.wait(20)
        self.done.append((user_id, what))


def test_what_comes_too_late_does_not_happen(monkeypatch):
    recorder = Recorder()
    queue = LatestTaskQueue(recorder, 1)
    queue.put("first", "play")
    until(lambda: not queue.waiting)
    queue.put("second", "play")
    monkeypatch.setattr(executors, "MAX_AGE", 0)

    recorder.gate.set()
    until(lambda: not queue.busy)

    assert recorder.done == [("first", "play")]


def test_queue_takes_no_more_people_than_it_may(monkeypatch):
    monkeypatch.setattr(executors, "MAX_WAITING", 2)
    recorder = Recorder()
    queue = LatestTaskQueue(recorder, 1)
    queue.put("at work", "play")
    until(lambda: not queue.waiting)

    for name in ("first", "second", "third"):
        queue.put(name, "play")
    queue.put("first", "pause")
    recorder.gate.set()
    until(lambda: not queue.busy)

    assert recorder.done == [
        ("at work", "play"),
        ("first", "pause"),
        ("second", "play"),
    ]


def test_queue_goes_on_after_a_crash(caplog):
    queue = LatestTaskQueue(lambda user_id, what: 1 / 0, 1)
    queue.put("somebody", "play")
    until(lambda: not queue.busy)

    assert "ZeroDivisionError" in caplog.text


def test_last_of_many_phases_at_once_is_the_one_that_happens_last():
    recorder = Recorder()
    recorder.gate.set()
    queue = LatestTaskQueue(recorder, 2)

    run_concurrently(*[lambda n=n: queue.put("somebody", str(n)) for n in range(20)])
    until(lambda: not queue.busy)
    queue.put("somebody", "last")
    until(lambda: not queue.busy)

    assert recorder.done[-1] == ("somebody", "last")
    assert len(recorder.done) <= 21
