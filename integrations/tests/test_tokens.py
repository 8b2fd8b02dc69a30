"""Access tokens that expire, refresh tokens that change, and what nobody may see."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core import management
from django.db import IntegrityError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from focusmaster.tests.people import client_of, person
from integrations.fakes.spotify import CLIENT_SECRET, PLAYER, TOKEN
from integrations.models import Grant, SpotifyLink, SpotifyPause, Tokens
from integrations.tests.linking import expire_here, link, refusal

NOW_PLAYING = "/api/spotify/now-playing"
NEXT = "/api/spotify/next"

pytestmark = pytest.mark.usefixtures("here")


# Refreshing


def test_expired_token_is_refreshed_before_it_is_used(linked, spotify):
    expire_here()

    response = linked.get(NOW_PLAYING)

    assert response.status_code == 200
    assert [one.path for one in spotify.requests] == [TOKEN, PLAYER]
    assert SpotifyLink.objects.get().is_fresh()


def test_token_about_to_expire_is_refreshed_too(linked, spotify):
    SpotifyLink.objects.update(expires_at=timezone.now() + timedelta(seconds=20))

    linked.get(NOW_PLAYING)

    assert spotify.count("POST", TOKEN) == 1


def test_refreshed_token_is_kept(linked, spotify):
    expire_here()
    linked.get(NOW_PLAYING)

    linked.get(NOW_PLAYING)

    assert spotify.count("POST", TOKEN) == 1
    assert spotify.requests[-1].token == SpotifyLink.objects.get().tokens().access


def test_refusal_of_a_token_leads_to_one_refresh_and_one_more_try(linked, spotify):
    spotify.expire()

    response = linked.post(NEXT)

    assert response.status_code == 200
    assert [one.path for one in spotify.requests] == [
        f"{PLAYER}/next",
        TOKEN,
        f"{PLAYER}/next",
    ]
    assert spotify.track == 1


def test_refusal_of_the_new_token_too_is_a_bad_gateway(linked, spotify):
    for _ in range(3):
        spotify.fail("POST", f"{PLAYER}/next", 401)

    response = linked.post(NEXT)

    assert refusal(response) == (502, "spotify_unavailable")
    assert spotify.count("POST", f"{PLAYER}/next") == 2
    assert spotify.count("POST", TOKEN) == 1


def test_refresh_token_that_spotify_replaces_is_kept(linked, spotify):
    spotify.rotates = True
    for _ in range(3):
        expire_here()

        assert linked.get(NOW_PLAYING).status_code == 200

    (refresh,) = spotify.refresh
    assert SpotifyLink.objects.get().tokens().refresh == refresh


def test_refresh_that_tells_no_scopes_leaves_them(linked, spotify):
    scopes = SpotifyLink.objects.get().scopes
    body = b'{"access_token": "new", "expires_in": 3600}'
    spotify.fail("POST", TOKEN, 200, body=body)
    spotify.access["new"] = ("", float("inf"))
    expire_here()

    assert linked.get(NOW_PLAYING).status_code == 200

    assert SpotifyLink.objects.get().scopes == scopes


@pytest.mark.parametrize("expire", ["here", "there"])
@pytest.mark.parametrize("call", ["get", "post"])
def test_link_that_was_revoked_at_spotify_is_removed(linked, spotify, expire, call):
    spotify.revoke()
    if expire == "here":
        expire_here()

    response = linked.get(NOW_PLAYING) if call == "get" else linked.post(NEXT)

    assert refusal(response) == (409, "spotify_not_linked")
    assert response.json()["connected"] is False
    assert not SpotifyLink.objects.exists()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": "invalid_client"}'),
        (401, b'{"error": "invalid_client"}'),
        (400, b'{"error": {"no": "word"}}'),
        (400, b'["no object"]'),
        (400, b"<html>"),
        (500, b'{"error": "invalid_grant"}'),
        (503, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"access_token": "new"}'),
        (200, b'{"access_token": "new", "expires_in": "soon"}'),
        (200, b'{"access_token": "new", "expires_in": 1e300}'),
        (200, b'{"access_token": "", "expires_in": 3600}'),
        (200, b'{"access_token": 7, "expires_in": 3600}'),
        (200, b'{"access_token": "a\\nb", "expires_in": 3600}'),
        (200, b'{"access_token": "new", "expires_in": 3600, "scope": 7}'),
        (200, b'{"access_token": "new", "expires_in": 9, "refresh_token": {"a": 1}}'),
    ],
)
def test_nonsense_instead_of_a_token_changes_nothing(linked, spotify, status, body):
    before = SpotifyLink.objects.get().tokens()
    spotify.fail("POST", TOKEN, status, body=body)
    spotify.expire()

    response = linked.get(NOW_PLAYING)

    assert refusal(response) == (502, "spotify_unavailable")
    assert SpotifyLink.objects.get().tokens() == before
    assert linked.get(NOW_PLAYING).status_code == 200


def test_too_many_refreshes_are_passed_on(linked, spotify):
    spotify.fail("POST", TOKEN, 429, {"Retry-After": "9"})
    expire_here()

    response = linked.get(NOW_PLAYING)

    assert refusal(response) == (429, "spotify_rate_limited")
    assert response["Retry-After"] == "9"


# At rest


def test_tokens_can_be_read_with_the_key_before(linked, settings):
    before = SpotifyLink.objects.get().tokens()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, as long as keys have to be, 1234567890"

    assert SpotifyLink.objects.get().tokens() == before


def test_refresh_encrypts_with_the_new_key(linked, alice, spotify, settings):
    old_key = settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = [old_key]
    settings.SECRET_KEY = "another key, as long as keys have to be, 1234567890"
    expire_here()
    client_of(alice).get(NOW_PLAYING)

    settings.SECRET_KEY_FALLBACKS = []

    assert SpotifyLink.objects.get().tokens().access in spotify.access


@pytest.fixture
def keyless(linked, alice, settings) -> APIClient:
    """A client of alice's, after the key of her link is gone."""
    key_before = settings.SECRET_KEY
    settings.SECRET_KEY = "another key, as long as keys have to be, 1234567890"
    client = client_of(alice)
    client.key_before = key_before
    return client


def test_link_whose_key_is_gone_counts_as_none(keyless):
    assert refusal(keyless.get(NOW_PLAYING)) == (409, "spotify_not_linked")
    assert refusal(keyless.post(NEXT)) == (409, "spotify_not_linked")
    assert keyless.get("/api/spotify/status").json()["connected"] is False


def test_link_whose_key_is_gone_is_replaced_by_connecting(keyless, alice, spotify):
    link(alice, spotify)

    assert keyless.get(NOW_PLAYING).status_code == 200


def test_link_whose_key_comes_back_works_again(keyless, settings):
    keyless.get(NOW_PLAYING)

    settings.SECRET_KEY_FALLBACKS = [keyless.key_before]

    assert keyless.get(NOW_PLAYING).status_code == 200


def test_database_refuses_tokens_in_the_clear(alice):
    with pytest.raises(
        IntegrityError, match="integrations_spotifylink_tokens_encrypted"
    ):
        SpotifyLink.objects.create(
            user=alice,
            encrypted_tokens='{"access": "a", "refresh": "b"}',
            expires_at=timezone.now(),
            linked_at=timezone.now(),
        )


def everything_stored() -> str:
    """Return the text of every column of every row of every table."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        texts = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            texts += [text for (text,) in cursor.fetchall()]
            # Bytes are shown as hex, which would hide a text.
            cursor.execute(
                f"SELECT (regexp_matches(t::text, '\\\\x([0-9a-f]+)', 'g'))[1] "
                f'FROM "{table}" t'
            )
            texts += [bytes.fromhex(x).decode("latin-1") for (x,) in cursor.fetchall()]
    return "\n".join(texts)


def test_nothing_secret_is_stored_in_the_clear(linked, spotify):
    spotify.rotates = True
    expire_here()
    linked.get(NOW_PLAYING)
    linked.post(NEXT, HTTP_IDEMPOTENCY_KEY="k")

    stored = everything_stored()

    assert "alice@example.com" in stored
    assert [secret for secret in spotify.given_out if secret in stored] == []


# In logs and in what people see


def test_nothing_secret_is_logged_or_answered(linked, spotify, caplog, alice):
    caplog.set_level(logging.DEBUG)
    settled = logging.getLogger("spotipy")
    answers = [linked.get("/api/spotify/auth-url")]
    expire_here()
    answers.append(linked.get(NOW_PLAYING))
    spotify.expire()
    answers.append(linked.post(NEXT))
    for status in (400, 403, 404, 429, 500):
        spotify.fail("POST", f"{PLAYER}/next", status, body=b"{}")
        answers.append(linked.post(NEXT))
        SpotifyPause.objects.all().delete()
    spotify.fail("POST", TOKEN, 400, body=b'{"error": "' + b"s" * 50 + b'"}')
    spotify.expire()
    answers += [linked.get(NOW_PLAYING), linked.get("/api/gdpr/export")]

    seen = caplog.text + "".join(answer.getvalue().decode() for answer in answers)

    assert "Spotify did not answer as it should: 400, no reason" in caplog.text
    assert settled.getEffectiveLevel() == logging.CRITICAL
    assert [secret for secret in spotify.given_out if secret in seen] == []


def test_nothing_secret_is_in_what_a_person_of_staff_may_print(alice):
    tokens = Tokens(access="access-quux", refresh="refresh-quux")
    mine = SpotifyLink(user=alice)
    grant = Grant(tokens, timedelta(hours=1), [])
    mine.take(grant)

    assert "quux" not in f"{grant!r} {mine!r} {mine} {tokens}"


def test_dump_of_the_data_holds_no_token(linked, spotify, capsys):
    management.call_command("dumpdata")

    dump = capsys.readouterr().out
    assert "alice@example.com" in dump
    assert [secret for secret in spotify.given_out if secret in dump] == []


def test_export_tells_of_the_link(linked):
    copy = linked.get("/api/gdpr/export")

    assert b'"spotify": {"scopes":["user-modify-playback-state"]' in copy.getvalue()


def test_link_goes_with_the_account(linked, alice):
    assert linked.delete("/api/auth/profile").status_code == 200

    assert not SpotifyLink.objects.exists()


def test_other_people_keep_their_links(linked, spotify):
    bob = person("Bob")
    link(bob, spotify)

    linked.delete("/api/auth/profile")

    assert SpotifyLink.objects.get().user == bob


def test_secret_of_ours_is_sent_to_the_accounts_only(linked, spotify):
    expire_here()
    linked.get(NOW_PLAYING)

    assert CLIENT_SECRET not in repr(spotify.requests)
