"""Music that follows the focus, in the background."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.processes import until
from integrations import focus
from integrations.fakes.spotify import PLAYER, TOKEN
from integrations.models import SpotifyLink, SpotifyPause

FOCUS = "/api/spotify/focus"
PLAY, PAUSE = ("PUT", f"{PLAYER}/play"), ("PUT", f"{PLAYER}/pause")

# The background has a connection of its own, which sees only what is committed.
in_background = pytest.mark.django_db(transaction=True)


@pytest.fixture
def autoplay(linked, alice) -> APIClient:
    User.objects.filter(pk=alice.pk).update(spotify_autoplay=True)
    return linked


def phase() -> str:
    """What the music has yet to follow."""
    return SpotifyLink.objects.get().phase


def is_idle() -> bool:
    return not SpotifyLink.objects.exclude(phase="", following_until=None).exists()


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


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_answer_does_not_depend_on_spotifys(here, autoplay, spotify, status):
    spotify.fail(*PLAY, status)

    assert tell(autoplay, "focus") == 202


def test_link_that_was_revoked_goes_in_the_background_too(here, autoplay, spotify):
    spotify.revoke()

    assert tell(autoplay, "focus") == 202

    assert not SpotifyLink.objects.exists()


def test_settings_of_the_moment_count(here, autoplay, alice, spotify):
    SpotifyLink.objects.set_phase(user=alice, phase="focus")
    User.objects.filter(pk=alice.pk).update(spotify_autoplay=False)

    focus.follow(alice.pk)

    assert spotify.requests == []
    assert phase() == ""


@in_background
def test_answer_comes_while_spotify_is_silent(autoplay, spotify):
    spotify.keep_silent(*PLAY)

    response = autoplay.post(FOCUS, {"phase": "focus"})

    assert response.status_code == 202
    until(lambda: spotify.count(*PLAY))
    assert phase() == "focus"
    spotify.released.set()
    until(is_idle)


@in_background
def test_of_what_waits_only_the_latest_happens(autoplay, spotify):
    spotify.keep_silent(*PLAY)
    autoplay.post(FOCUS, {"phase": "focus"})
    until(lambda: spotify.count(*PLAY))

    for told in ["break", "focus", "stop", "focus", "break"]:
        assert autoplay.post(FOCUS, {"phase": told}).status_code == 202
    spotify.released.set()
    until(is_idle)

    assert [(one.method, one.path) for one in spotify.requests] == [PLAY, PAUSE]
    assert spotify.is_playing is False


@in_background
def test_phases_of_one_person_never_go_to_spotify_at_once(autoplay, alice, spotify):
    spotify.delay = 0.05
    clients = [client_of(alice) for _ in range(6)]

    run_concurrently(
        *[
            lambda one=one, told=told: tell(one, told)
            for one, told in zip(clients, ["focus", "stop"] * 3, strict=True)
        ]
    )
    tell(autoplay, "focus")
    until(is_idle)

    assert spotify.most_at_once == 1
    assert spotify.is_playing is True


def test_request_takes_one_query(here, linked, django_assert_num_queries):
    with django_assert_num_queries(2):  # the token, and the link
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


# What nobody follows


def wait_for_nobody(**columns) -> None:
    """Have a phase stand in the link that nobody follows."""
    columns = {"phase": "focus", "phase_at": timezone.now(), **columns}
    SpotifyLink.objects.update(phase_number=F("phase_number") + 1, **columns)


def ago(**time: float):
    return timezone.now() - timedelta(**time)


@pytest.mark.parametrize(
    "seconds_ago",
    [
        {"phase_at": 10},
        {"phase_at": 9 * 60},
        # The process that claimed it has died, or Spotify wanted a pause.
        {"phase_at": 30, "following_until": 1},
    ],
)
def test_phase_that_nobody_follows_is_taken_up(here, autoplay, spotify, seconds_ago):
    wait_for_nobody(**{name: ago(seconds=n) for name, n in seconds_ago.items()})

    assert focus.take_up_overdue() == 1

    assert spotify.is_playing is True
    assert phase() == ""
    assert focus.take_up_overdue() == 0


def test_phase_that_another_follows_is_left_to_it(here, autoplay, alice, spotify):
    wait_for_nobody(
        phase_at=ago(seconds=10), following_until=timezone.now() + timedelta(seconds=5)
    )

    assert focus.take_up_overdue() == 0
    focus.follow(alice.pk)

    assert spotify.requests == []
    assert phase() == "focus"


def test_phase_that_was_just_told_is_left_to_who_took_it(here, autoplay, spotify):
    wait_for_nobody()

    assert focus.take_up_overdue() == 0


def test_phase_of_long_ago_is_dropped(here, autoplay, spotify):
    wait_for_nobody(phase_at=ago(minutes=11))

    focus.take_up_overdue()

    assert spotify.requests == []
    assert phase() == ""


def test_newer_phase_is_not_taken_for_done(autoplay, alice, spotify):
    links = SpotifyLink.objects
    links.set_phase(user=alice, phase="focus")
    claimed = links.claim_phase(alice.pk)
    links.set_phase(user=alice, phase="stop")

    links.finish_phase(claimed)

    assert links.claim_phase(alice.pk).phase == "stop"


def test_phase_is_claimed_once(autoplay, alice, spotify):
    links = SpotifyLink.objects
    links.set_phase(user=alice, phase="focus")

    assert links.claim_phase(alice.pk) is not None
    assert links.claim_phase(alice.pk) is None


def test_claim_that_has_passed_to_another_finishes_nothing(autoplay, alice, spotify):
    links = SpotifyLink.objects
    links.set_phase(user=alice, phase="focus")
    slow = links.claim_phase(alice.pk)
    links.claim_phase(alice.pk, at=slow.following_until + timedelta(seconds=1))

    links.finish_phase(slow)

    assert phase() == "focus"


def test_phase_waits_for_the_pause_that_spotify_wants(here, autoplay, alice, spotify):
    spotify.fail(*PLAY, 429, {"Retry-After": "40"})

    tell(autoplay, "focus")
    tell(autoplay, "break")
    tell(autoplay, "focus")

    assert spotify.count(*PLAY) == 1
    assert phase() == "focus"
    SpotifyPause.objects.update(until=timezone.now())
    SpotifyLink.objects.update(following_until=ago(seconds=1))
    focus.take_up_overdue()
    assert spotify.is_playing is True
    assert spotify.count(*PAUSE) == 0


@pytest.mark.parametrize(
    "told", [{"phase": "lunch", "phase_at": ago()}, {"phase": "stop"}]
)
def test_database_refuses_a_phase_that_is_none(linked, told):
    with pytest.raises(IntegrityError, match="integrations_spotifylink_phase"):
        SpotifyLink.objects.update(**told)


# Keys and transactions


def test_repeated_request_with_its_key_tells_nothing_again(here, autoplay, spotify):
    for _ in range(2):
        response = autoplay.post(FOCUS, {"phase": "focus"}, HTTP_IDEMPOTENCY_KEY="k")

    assert response["Idempotency-Replayed"] == "true"
    assert spotify.count(*PLAY) == 1
