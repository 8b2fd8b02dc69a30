"""Calls that find the same access token expired at the same moment."""

from __future__ import annotations

from time import monotonic

import pytest
from django.db import connection, transaction

from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.processes import until
from integrations import executors, player
from integrations.fakes.spotify import PLAYER, TOKEN
from integrations.models import SpotifyLink
from integrations.tests.linking import expire_here, refusal

NOW_PLAYING = "/api/spotify/now-playing"
NEXT = "/api/spotify/next"

# A token is refreshed on a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """Have no call refused for want of a thread, however busy this machine is."""
    monkeypatch.setattr(executors, "MAX_WAIT", player.BUDGET)


@pytest.mark.parametrize("expire", ["here", "there"])
def test_twenty_calls_at_once_refresh_once(linked, alice, spotify, expire):
    expire_here() if expire == "here" else spotify.expire()
    clients = [client_of(alice) for _ in range(20)]

    responses = run_concurrently(
        *[lambda one=one: one.get(NOW_PLAYING) for one in clients]
    )

    assert [response.status_code for response in responses] == [200] * 20
    assert spotify.count("POST", TOKEN) == 1


def test_refresh_in_another_process_is_waited_for(linked, alice, spotify):
    expire_here()
    client = client_of(alice)

    def refresh_slowly() -> None:
        """Do what another process does between asking Spotify and its answer."""
        with transaction.atomic():
            mine = SpotifyLink.objects.select_for_update(no_key=True).get()
            until(is_somebody_waiting)
            grant = player.spotify().refresh(mine.tokens(), deadline=monotonic() + 4)
            mine.take(grant)
            mine.save()

    _, response = run_concurrently(refresh_slowly, lambda: waited(client))

    assert response.status_code == 200
    assert spotify.count("POST", TOKEN) == 1


def waited(client):
    """Ask for the player once another holds the row."""
    until(is_row_locked)
    return client.get(NOW_PLAYING)


def is_row_locked() -> bool:
    mine = SpotifyLink.objects.select_for_update(no_key=True, skip_locked=True)
    with transaction.atomic():
        return not mine.exists()


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() != (0,)


def test_refresh_that_hangs_holds_nobody_beyond_the_limit(
    linked, alice, spotify, monkeypatch
):
    monkeypatch.setattr(player, "BUDGET", 0.5)
    expire_here()
    for _ in range(3):
        spotify.keep_silent("POST", TOKEN)
    clients = [client_of(alice) for _ in range(3)]

    responses = run_concurrently(
        *[lambda one=one: one.get(NOW_PLAYING) for one in clients]
    )

    assert {refusal(response) for response in responses} == {
        (502, "spotify_unavailable")
    }
    assert SpotifyLink.objects.exists()


def test_refresh_token_is_kept_though_the_request_is_undone(linked, spotify):
    spotify.rotates = True
    expire_here()
    spotify.fail("POST", f"{PLAYER}/next", 500)

    # With a key, a fault undoes what the request wrote.
    response = linked.post(NEXT, HTTP_IDEMPOTENCY_KEY="k")

    assert response.status_code == 502
    assert linked.get(NOW_PLAYING).status_code == 200


def test_revoked_link_is_removed_once_by_all_who_notice(linked, alice, spotify):
    spotify.revoke()
    clients = [client_of(alice) for _ in range(5)]

    responses = run_concurrently(*[lambda one=one: one.post(NEXT) for one in clients])

    assert {refusal(response) for response in responses} == {
        (409, "spotify_not_linked")
    }
    assert spotify.count("POST", TOKEN) == 1


def test_account_that_is_deleted_during_a_refresh_is_gone(linked, alice, spotify):
    expire_here()
    spotify.keep_silent("POST", TOKEN)
    client = client_of(alice)

    def delete() -> int:
        until(lambda: spotify.count("POST", TOKEN))
        spotify.released.set()
        return linked.delete("/api/auth/profile").status_code

    _, status = run_concurrently(lambda: client.get(NOW_PLAYING), delete)

    assert status == 200
    assert not SpotifyLink.objects.exists()
