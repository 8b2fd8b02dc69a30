"""Two servers on one database: phases in order, pauses for both, and many people."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

import pytest

from focusmaster.tests.processes import Service, children, until
from integrations.fakes.spotify import PLAYER, FakeSpotify
from integrations.player import BUDGET
from integrations.tests.linking import query_of

ROUNDS = int(os.environ.get("SPOTIFY_RACES", "10"))
REDIRECT_URI = "http://127.0.0.1:5000/api/spotify/callback"
FOCUS = "/api/spotify/focus"
# Seconds without a request after which Spotify has been told everything.
QUIET = 0.2
SETTLED_WITHIN = 15


class Person:
    """Somebody whose music follows, with the token of a sign-in."""

    def __init__(self, service: Service, spotify: FakeSpotify) -> None:
        self.headers: dict[str, str] = {}
        guest = self.send(service, "POST", "/api/auth/guest")
        self.headers = {"Authorization": f"Bearer {guest['token']}"}
        settings = {"settings": {"spotifyAutoplay": True}}
        self.send(service, "PATCH", "/api/auth/me", settings)
        url = self.send(service, "GET", "/api/spotify/auth-url")["url"]
        code = spotify.new_code(REDIRECT_URI, "user-modify-playback-state")
        given = {"code": code, "state": query_of(url)["state"]}
        assert self.send(service, "POST", "/api/spotify/callback", given)["success"]

    def send(self, service: Service, method: str, path: str, body=None) -> dict:
        status, answer = service.send(method, path, body, **self.headers)
        assert status < 300, answer
        return json.loads(answer)

    def tell(self, service: Service, phase: str) -> None:
        """Tell a phase; fail if the response waits for Spotify's silence."""
        began = monotonic()
        self.send(service, "POST", FOCUS, {"phase": phase})
        assert monotonic() - began < BUDGET


@pytest.fixture
def spotify() -> Iterator[FakeSpotify]:
    """A Spotify for these tests alone."""
    with FakeSpotify() as fake:
        yield fake


@pytest.fixture
def services(migrated_dir, spotify) -> Iterator[list[Service]]:
    variables = {
        **spotify.environment(),
        "SPOTIFY_REDIRECT_URI": REDIRECT_URI,
        "RATE_LIMIT_GUEST": "off",
    }
    with ExitStack() as stack:
        started = [
            Service(migrated_dir, "--workers", "1", **variables) for _ in range(2)
        ]
        yield [stack.enter_context(service) for service in started]
        for service in started:
            service.process.poll() is None and service.stop()


def is_quiet(spotify: FakeSpotify) -> bool:
    """Wait for QUIET seconds; tell whether Spotify was asked nothing in them."""
    seen = len(spotify.requests)
    time.sleep(QUIET)
    return not spotify.at_once and len(spotify.requests) == seen


def settles(spotify: FakeSpotify, *, plays: bool) -> bool:
    """Wait until the music plays, or does not, and Spotify is asked nothing more."""
    deadline = monotonic() + SETTLED_WITHIN
    while monotonic() < deadline:
        if is_quiet(spotify) and spotify.is_playing is plays:
            return True
    return False


def test_last_of_two_phases_decides_whichever_server_took_it(services, spotify):
    person = Person(services[0], spotify)
    chance = random.Random(31)
    wrong = []

    for number in range(ROUNDS):
        spotify.delay = chance.choice([0, 0.02, 0.1])
        phases = chance.choice([("focus", "stop"), ("stop", "focus")])
        taken = chance.choice([services, services[::-1], [services[0]] * 2])
        for service, phase in zip(taken, phases, strict=True):
            person.tell(service, phase)
        if not settles(spotify, plays=phases[1] == "focus"):
            wrong.append((number, phases))

    assert wrong == []
    assert spotify.most_at_once == 1


def test_phase_does_not_die_with_the_server_that_took_it(services, spotify):
    person = Person(services[0], spotify)
    spotify.keep_silent("PUT", f"{PLAYER}/play")
    person.tell(services[0], "focus")
    until(lambda: spotify.count("PUT", f"{PLAYER}/play"))

    for worker in children(services[0].process.pid):
        os.kill(worker, signal.SIGKILL)
    services[0].process.kill()

    until(lambda: spotify.is_playing)
    person.tell(services[1], "stop")
    until(lambda: not spotify.is_playing)


@pytest.mark.parametrize("used", [1, 2])
def test_twenty_people_are_answered_by_a_slow_spotify(services, spotify, used):
    people = [Person(services[0], spotify) for _ in range(20)]
    spotify.delay = 1.5

    def ask(number: int) -> int:
        headers = people[number].headers
        path = "/api/spotify/now-playing"
        return services[number % used].send("GET", path, **headers)[0]

    with ThreadPoolExecutor(len(people)) as threads:
        statuses = list(threads.map(ask, range(len(people))))

    assert statuses == [200] * 20


def test_all_servers_keep_a_pause_that_spotify_wants(services, spotify):
    person = Person(services[0], spotify)
    spotify.fail("GET", PLAYER, 429, {"Retry-After": "120"})
    asked = len(spotify.requests)

    statuses = [
        service.send("GET", "/api/spotify/player", **person.headers)[0]
        for service in [*services, *services]
    ]

    assert statuses == [429] * 4
    assert len(spotify.requests) == asked + 1
