"""From the page of Spotify's that asks to the link, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import browser_of, client_of, person
from integrations.exceptions import InvalidState
from integrations.models import SpotifyLink, UsedSpotifyState
from integrations.states import STATE_LIFE, new_state, use_state
from integrations.tests.linking import (
    AUTH_URL,
    BROWSER,
    CALLBACK,
    JSON,
    browser_with,
    code_from,
    link,
    query_of,
    started,
)

STATUS = "/api/spotify/status"
LONG_AGO = datetime(2026, 2, 2, tzinfo=UTC)
NOT_LINKED = {"connected": False, "scopes": [], "linkedAt": None}


# The page that asks


@pytest.mark.parametrize("path", [AUTH_URL, "/api/spotify/login"])
def test_url_leads_to_spotify_and_asks_for_the_player(api, spotify, settings, path):
    response = api.get(path)

    assert response.status_code == 200
    (url,) = response.json().values()
    assert url.startswith(f"{spotify.url}/authorize?")
    query = query_of(url)
    assert query.pop("state")
    assert query == {
        "client_id": settings.SPOTIFY_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": settings.SPOTIFY_REDIRECT_URI,
        "scope": "user-modify-playback-state user-read-playback-state",
        # Spotify asks again, so that another account can be linked.
        "show_dialog": "true",
    }


def test_state_is_also_a_cookie_for_this_part_of_the_api_only(api, spotify):
    response = api.get(AUTH_URL)

    cookie = response.cookies["spotify_state"]
    assert cookie.value == query_of(response.json()["url"])["state"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    assert cookie["path"] == "/api/spotify"
    assert cookie["max-age"] == 600


def test_cookie_is_secure_over_https(api, spotify):
    response = api.get(AUTH_URL, secure=True)

    assert response.cookies["spotify_state"]["secure"]


def test_state_does_not_show_whose_it_is(spotify, db):
    guest = User.objects.add_guest()

    url = client_of(guest).get(AUTH_URL).json()["url"]

    # The id alone opens a guest's account.
    assert guest.pk not in url


def test_asking_writes_nothing(api, spotify, django_assert_num_queries):
    with django_assert_num_queries(2):  # the token, and the password
        api.get(AUTH_URL)


# The way back, by a browser


def test_browser_comes_back_to_the_client_and_is_linked(api, alice, spotify, settings):
    settings.SPOTIFY_CLIENT_REDIRECT = "https://app.example.com/settings?tab=music"
    state = started(api)

    response = browser_with(state).get(
        CALLBACK, {"code": code_from(spotify), "state": state}, **BROWSER
    )

    assert response.status_code == 302
    assert response["Location"] == (
        "https://app.example.com/settings?tab=music&spotify=connected"
    )
    assert SpotifyLink.objects.get().user == alice


def test_program_gets_json(api, alice, spotify):
    given = {"code": code_from(spotify), "state": started(api)}

    response = browser_with(given["state"]).get(CALLBACK, given, **JSON)

    assert response.status_code == 200
    assert response.json() == {"success": True, "message": "Spotify is connected"}
    assert SpotifyLink.objects.get().user == alice


def test_browser_without_a_client_to_go_to_gets_json(api, spotify, settings):
    settings.SPOTIFY_CLIENT_REDIRECT = ""
    given = {"code": code_from(spotify), "state": started(api)}

    response = browser_with(given["state"]).get(CALLBACK, given, **BROWSER)

    assert response.json()["success"] is True


def test_cookie_has_done_its_work_once_linked(api, spotify):
    given = {"code": code_from(spotify), "state": started(api)}

    response = api.get(CALLBACK, given, **BROWSER)

    assert response.cookies["spotify_state"]["max-age"] == 0
    assert response.cookies["spotify_state"]["path"] == "/api/spotify"


def test_person_who_denies_is_told_so(api, spotify):
    denied = {"error": "access_denied", "state": started(api)}

    response = browser_with(denied["state"]).get(CALLBACK, denied, **BROWSER)

    assert response.status_code == 302
    assert query_of(response["Location"]) == {"spotify": "error"}
    assert not SpotifyLink.objects.exists()


def test_program_of_a_person_who_denies_is_told_so(api, spotify):
    denied = {"error": "access_denied", "state": started(api)}

    response = browser_with(denied["state"]).get(CALLBACK, denied, **JSON)

    assert response.status_code == 200
    assert response.json() == {"success": False, "message": "Spotify was not connected"}


@pytest.mark.parametrize("code", ["", "made-up", "x" * 5000])
def test_wrong_code_is_bad(api, spotify, code):
    given = {"code": code, "state": started(api)}

    response = browser_with(given["state"]).get(CALLBACK, given, **JSON)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "code"
    assert not SpotifyLink.objects.exists()


def test_browser_with_a_wrong_code_goes_back_with_an_error(api, spotify):
    given = {"code": "made-up", "state": started(api)}

    response = browser_with(given["state"]).get(CALLBACK, given, **BROWSER)

    assert query_of(response["Location"]) == {"spotify": "error"}


def test_browser_goes_back_with_an_error_while_spotify_is_down(api, spotify):
    spotify.fail("POST", "/api/token", 503)
    given = {"code": code_from(spotify), "state": started(api)}

    response = browser_with(given["state"]).get(CALLBACK, given, **BROWSER)

    assert query_of(response["Location"]) == {"spotify": "error"}


def test_image_is_not_what_there_is(api, spotify):
    response = api.get(CALLBACK, HTTP_ACCEPT="image/png")

    assert response.status_code == 406


# The state


def refused(response) -> bool:
    (error,) = response.json()["errors"]
    return response.status_code == 400 and error["field"] == "state"


@pytest.mark.parametrize("headers", [JSON, BROWSER, {}])
@pytest.mark.parametrize("state", [None, "", "forged", "gAAAAA", "\u2603", "x" * 9000])
def test_callback_without_a_good_state_is_bad(api, spotify, state, headers):
    given = {"code": code_from(spotify)} | ({} if state is None else {"state": state})

    response = APIClient().get(CALLBACK, given, **headers)

    assert refused(response)
    assert not SpotifyLink.objects.exists()
    assert spotify.requests == []


def test_state_with_a_letter_changed_is_bad(api, spotify):
    state = started(api)
    position = len(state) // 2
    letter = "A" if state[position] != "A" else "B"
    forged = state[:position] + letter + state[position + 1 :]

    response = api.post(CALLBACK, {"code": code_from(spotify), "state": forged})

    assert refused(response)


def test_state_works_once(api, spotify):
    state = started(api)
    first = api.post(CALLBACK, {"code": code_from(spotify), "state": state})

    again = [
        api.post(CALLBACK, {"code": code_from(spotify), "state": state}),
        APIClient().get(CALLBACK, {"code": code_from(spotify), "state": state}, **JSON),
    ]

    assert first.status_code == 200
    assert all(refused(response) for response in again)
    assert spotify.count("POST", "/api/token") == 1


def test_state_of_a_person_who_denied_is_used_up(api, spotify):
    state = started(api)
    api.get(CALLBACK, {"error": "access_denied", "state": state}, **JSON)

    response = api.get(CALLBACK, {"code": code_from(spotify), "state": state}, **JSON)

    assert refused(response)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_callbacks_at_once_wins(spotify):
    alice = person("Alice")
    state = new_state(alice)

    def come_back() -> int:
        given = {"code": code_from(spotify), "state": state}
        return browser_with(state).get(CALLBACK, given, **JSON).status_code

    statuses = run_concurrently(*[come_back] * 6)

    assert sorted(statuses) == [200] + [400] * 5
    assert spotify.count("POST", "/api/token") == 1


def test_state_expires_after_ten_minutes(alice):
    now = timezone.now()
    state = new_state(alice, at=now)
    late = new_state(alice, at=now)

    assert (
        use_state(state, cookie=state, at=now + timedelta(minutes=9, seconds=59))
        == alice
    )
    with pytest.raises(InvalidState):
        use_state(late, cookie=late, at=now + timedelta(minutes=10))


def test_expired_state_is_bad(alice, spotify):
    state = new_state(alice, at=timezone.now() - STATE_LIFE)

    response = client_of(alice).post(
        CALLBACK, {"code": code_from(spotify), "state": state}
    )

    assert refused(response)


def test_marks_of_used_states_go_when_they_have_expired(alice):
    now = timezone.now()
    for minute in range(3):
        use_state(
            new_state(alice, at=now),
            expected=alice,
            at=now + timedelta(minutes=minute),
        )

    later = now + 2 * STATE_LIFE
    use_state(new_state(alice, at=later), expected=alice, at=later)

    assert UsedSpotifyState.objects.count() == 1


def test_database_refuses_a_second_use_of_a_state(alice):
    expires_at = timezone.now()
    UsedSpotifyState.objects.create(nonce="once", expires_at=expires_at)

    with pytest.raises(IntegrityError, match="integrations_usedspotifystate_pkey"):
        UsedSpotifyState.objects.create(nonce="once", expires_at=expires_at)


@pytest.mark.parametrize("client_of_user", [client_of, browser_of])
def test_state_of_another_is_bad_and_stays_good_for_its_owner(
    alice, bob, spotify, client_of_user
):
    state = new_state(bob)
    code = code_from(spotify)

    response = client_of_user(alice).get(CALLBACK, {"code": code, "state": state})

    assert refused(response)
    assert not SpotifyLink.objects.exists()
    own = client_of(bob).post(CALLBACK, {"code": code, "state": state})
    assert own.status_code == 200


def test_state_of_another_is_bad_from_the_web_client_too(api, bob, spotify):
    given = {"code": code_from(spotify), "state": new_state(bob)}

    response = api.post(CALLBACK, given)

    assert refused(response)


def test_state_of_a_deleted_account_is_bad(alice, spotify):
    state = new_state(alice)
    alice.delete()

    response = browser_with(state).get(
        CALLBACK, {"code": code_from(spotify), "state": state}, **JSON
    )

    assert refused(response)


def test_state_of_who_is_banned_is_refused(alice, spotify):
    state = new_state(alice)
    User.objects.filter(pk=alice.pk).update(status=User.Status.BANNED)

    response = browser_with(state).get(
        CALLBACK, {"code": code_from(spotify), "state": state}, **JSON
    )

    assert response.status_code == 403
    assert not SpotifyLink.objects.exists()


# A code alone, with the cookie


def test_code_alone_works_with_a_token_and_the_cookie(api, alice, spotify):
    started(api)

    response = api.get(CALLBACK, {"code": code_from(spotify)}, **JSON)

    assert response.status_code == 200
    assert SpotifyLink.objects.get().user == alice


def test_code_alone_is_bad_without_the_cookie(api, spotify):
    response = api.get(CALLBACK, {"code": code_from(spotify)}, **JSON)

    assert refused(response)


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_code_alone_is_bad_without_a_good_token(api, spotify, token):
    started(api)
    api.credentials(**({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}))

    response = api.get(CALLBACK, {"code": code_from(spotify)}, **JSON)

    assert refused(response)


def test_code_alone_is_bad_with_the_cookie_of_another(api, bob, spotify):
    api.cookies["spotify_state"] = new_state(bob)

    response = api.get(CALLBACK, {"code": code_from(spotify)}, **JSON)

    assert refused(response)


# The way back, by the web client


def test_web_client_hands_on_what_it_was_sent_with(api, alice, spotify):
    given = {"code": code_from(spotify), "state": started(api)}

    response = api.post(CALLBACK, given)

    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "message": "Spotify is connected",
        "expires_in": 3600,
    }
    assert SpotifyLink.objects.get().user == alice


@pytest.mark.parametrize("state", [{}, {"state": None}, {"state": ""}])
def test_cookie_stands_in_for_the_state(api, spotify, state):
    started(api)

    response = api.post(CALLBACK, {"code": code_from(spotify)} | state)

    assert response.status_code == 200


def test_web_client_without_state_and_cookie_is_refused(api, spotify):
    response = api.post(CALLBACK, {"code": code_from(spotify)})

    assert refused(response)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "code"),
        ({"code": ""}, "code"),
        ({"code": 7}, "code"),
        ({"code": "made-up", "sate": "x"}, "sate"),
        ({"code": "x" * 2049}, "code"),
    ],
)
def test_web_client_is_told_what_is_wrong(api, spotify, given, field):
    started(api)

    response = api.post(CALLBACK, given)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


def test_web_client_is_told_of_a_wrong_code(api, spotify):
    started(api)

    response = api.post(CALLBACK, {"code": "made-up"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "code"


def test_code_works_once(api, spotify):
    code = code_from(spotify)
    api.post(CALLBACK, {"code": code, "state": started(api)})

    response = api.post(CALLBACK, {"code": code, "state": started(api)})

    assert response.status_code == 400


def test_repeated_request_with_its_key_is_answered_again(api, spotify):
    given = {"code": code_from(spotify), "state": started(api)}
    first = api.post(CALLBACK, given, HTTP_IDEMPOTENCY_KEY="k")

    second = api.post(CALLBACK, given, HTTP_IDEMPOTENCY_KEY="k")

    assert second.json() == first.json()
    assert second["Idempotency-Replayed"] == "true"
    assert spotify.count("POST", "/api/token") == 1


# The link


def test_status_tells_since_when_and_for_what(linked):
    response = linked.get(STATUS)

    link = SpotifyLink.objects.get()
    assert response.json() == {
        "connected": True,
        "scopes": ["user-modify-playback-state"],
        "linkedAt": format_instant(link.linked_at),
    }


def test_status_of_who_is_not_linked(api, bob, spotify):
    link(bob, spotify)

    response = api.get(STATUS)

    assert response.json() == NOT_LINKED


def test_status_takes_two_queries(linked, django_assert_num_queries):
    with django_assert_num_queries(2):  # the token and the link
        linked.get(STATUS)


def test_connecting_again_replaces_the_link(linked, alice, spotify):
    SpotifyLink.objects.update(linked_at=LONG_AGO)
    before = SpotifyLink.objects.get()

    link(alice, spotify)

    after = SpotifyLink.objects.get()
    assert after.tokens() != before.tokens()
    assert after.linked_at > before.linked_at


def test_unlinking_removes_ones_own_link(linked, bob, spotify):
    link(bob, spotify)

    response = linked.delete("/api/spotify")

    assert response.status_code == 200
    assert response.json() == {"message": "Spotify is disconnected"}
    assert SpotifyLink.objects.get().user == bob
    assert linked.get(STATUS).json() == NOT_LINKED


def test_unlinking_what_is_not_linked_is_harmless(api):
    assert api.delete("/api/spotify").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "auth-url"),
        ("get", "login"),
        ("post", "callback"),
        ("get", "status"),
        ("delete", ""),
        ("get", "now-playing"),
        ("get", "player"),
        ("post", "play"),
        ("put", "play"),
        ("post", "pause"),
        ("put", "pause"),
        ("post", "next"),
        ("post", "previous"),
        ("post", "prev"),
        ("post", "focus"),
    ],
)
def test_anonymous_caller_is_unauthorized(anonymous, spotify, method, path):
    url = f"/api/spotify/{path}".rstrip("/")

    response = getattr(anonymous, method)(url)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


# Not configured


@pytest.mark.parametrize(
    "name", ["SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "SPOTIFY_REDIRECT_URI"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "auth-url"),
        ("get", "login"),
        ("get", "callback"),
        ("post", "callback"),
        ("get", "now-playing"),
        ("post", "play"),
        ("post", "next"),
    ],
)
def test_call_that_needs_spotify_says_that_it_is_not_configured(
    linked, settings, name, method, path
):
    setattr(settings, name, "")

    response = getattr(linked, method)(f"/api/spotify/{path}")

    assert response.status_code == 503
    assert response.json()["code"] == "spotify_not_configured"
    assert int(response["Retry-After"]) >= 1


def test_link_can_be_looked_at_and_ended_without_configuration(linked, settings):
    settings.SPOTIFY_CLIENT_ID = ""

    assert linked.get(STATUS).json()["connected"] is True
    assert linked.delete("/api/spotify").status_code == 200
