"""How much of a process may wait for Spotify at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest
from django.conf import settings
from django.db import connections

from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.processes import environment, until
from integrations import executors, player
from integrations.exceptions import PremiumRequired, SpotifyUnavailable
from integrations.executors import BoundedExecutor, executor_size
from integrations.fakes.spotify import PLAYER

FOREVER = 60


@pytest.fixture
def stuck():
    """An executor whose only thread is taken, and what ends that."""
    executor, release, began = BoundedExecutor(1), Event(), Event()

    def hang() -> None:
        began.set()
        release.wait(FOREVER)

    with ThreadPoolExecutor(1) as caller:
        held = caller.submit(executor.run, hang, deadline=monotonic() + FOREVER)
        began.wait(FOREVER)
        yield executor, release
        release.set()
        held.result()


def test_spotipy_is_not_imported_before_it_is_needed(state_dir):
    code = (
        "import sys, django; django.setup(); import focusmaster.urls; "
        "sys.exit('spotipy' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(state_dir, DJANGO_SETTINGS_MODULE="focusmaster.settings"),
        cwd=settings.BASE_DIR,
    )

    assert done.returncode == 0


def test_result_comes_back():
    assert (
        BoundedExecutor(1).run(lambda x: x + 1, 1, deadline=monotonic() + FOREVER) == 2
    )


def test_refusal_comes_back():
    def refuse() -> None:
        raise PremiumRequired

    with pytest.raises(PremiumRequired):
        BoundedExecutor(1).run(refuse, deadline=monotonic() + FOREVER)


def test_call_waits_for_a_thread_that_is_soon_free(stuck):
    executor, release = stuck
    with ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(executor.run, lambda: 1, deadline=monotonic() + FOREVER)
        release.set()

        assert waiting.result() == 1


def test_call_does_not_wait_once_it_is_known_that_all_are_stuck(stuck, monkeypatch):
    executor, _ = stuck
    monkeypatch.setattr(executors, "MAX_WAIT", 0.01)
    with pytest.raises(SpotifyUnavailable):
        executor.run(lambda: 1, deadline=monotonic() + FOREVER)
    monkeypatch.setattr(executors, "MAX_WAIT", FOREVER)

    with pytest.raises(SpotifyUnavailable):
        executor.run(lambda: 1, deadline=monotonic() + FOREVER)


def test_patience_returns_with_the_first_answer(stuck):
    executor, release = stuck
    executor.is_silent = True
    release.set()

    until(lambda: not executor.is_silent)


def test_what_was_given_up_does_not_happen_later(monkeypatch):
    executor, release, done = BoundedExecutor(1), Event(), []
    executor.threads.submit(
        release.wait, FOREVER
    )  # Takes the thread, but not its place.

    with pytest.raises(SpotifyUnavailable):
        executor.run(done.append, "late", deadline=monotonic() + 0.01)
    release.set()
    executor.run(done.append, "next", deadline=monotonic() + FOREVER)

    assert done == ["next"]


def test_deadline_holds_whatever_the_call_does(stuck):
    executor, release = BoundedExecutor(1), stuck[1]

    with pytest.raises(SpotifyUnavailable):
        executor.run(release.wait, FOREVER, deadline=monotonic() + 0.01)


@pytest.mark.parametrize(
    ("threads", "size"), [(1, 1), (2, 1), (8, 6), (9, 7), (16, 12)]
)
def test_a_quarter_of_the_threads_are_never_taken(settings, threads, size):
    settings.WEB_THREADS = threads

    assert executor_size() == size


@pytest.mark.django_db(transaction=True)
def test_silence_is_bounded_and_leaves_others_alone(
    linked, alice, spotify, monkeypatch
):
    size = executor_size()
    monkeypatch.setattr(player, "BUDGET", 2)
    for _ in range(size):
        spotify.keep_silent("GET", PLAYER)
    clients = [client_of(alice) for _ in range(size)]
    with ThreadPoolExecutor(size) as callers:
        silent = [callers.submit(ask, client) for client in clients]
        until(lambda: spotify.count("GET", PLAYER) == size)
        monkeypatch.setattr(executors, "MAX_WAIT", 0.01)

        others = run_concurrently(
            lambda: client_of(alice).get("/api/tasks").status_code,
            lambda: client_of(alice).get("/api/spotify/player").status_code,
            lambda: client_of(alice).post("/api/tasks", {"title": "a"}).status_code,
        )
        still_silent = [not one.done() for one in silent]
        statuses = [one.result() for one in silent]

    assert others == [200, 502, 201]
    assert all(still_silent)
    assert statuses == [502] * size


def ask(client) -> int:
    try:
        return client.get("/api/spotify/player").status_code
    finally:
        connections.close_all()
