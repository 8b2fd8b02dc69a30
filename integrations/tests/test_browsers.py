"""Whose browser may complete a link: the one that asked, or one of its person."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from focusmaster.tests.people import browser_of, client_of
from integrations.models import SpotifyLink
from integrations.states import new_state
from integrations.tests.linking import (
    AUTH_URL,
    BROWSER,
    CALLBACK,
    JSON,
    browser_with,
    code_from,
    query_of,
    started,
)

headers = pytest.mark.parametrize("headers", [JSON, BROWSER])


def is_refused(response) -> bool:
    (error,) = response.json()["errors"]
    return response.status_code == 400 and error["field"] == "state"


@headers
def test_browser_that_did_not_ask_cannot_complete_a_link(api, alice, spotify, headers):
    given = {"code": code_from(spotify), "state": started(api)}

    response = APIClient().get(CALLBACK, given, **headers)

    assert is_refused(response)
    assert not SpotifyLink.objects.exists()
    assert spotify.requests == []


@headers
def test_attempt_of_another_cannot_be_completed_in_ones_own(
    api, alice, bob, spotify, headers
):
    mine = APIClient()
    mine.cookies["spotify_state"] = new_state(bob)
    given = {"code": code_from(spotify), "state": started(api)}

    response = mine.get(CALLBACK, given, **headers)

    assert is_refused(response)
    assert not SpotifyLink.objects.exists()


@headers
def test_denial_counts_only_in_the_browser_that_asked(api, spotify, headers):
    state = started(api)
    denied = {"error": "access_denied", "state": state}

    assert is_refused(APIClient().get(CALLBACK, denied, **headers))
    # It has not used the state up.
    given = {"code": code_from(spotify), "state": state}
    assert browser_with(state).get(CALLBACK, given, **JSON).status_code == 200


@pytest.mark.parametrize("cookie", ["", "forged", "gAAAAA", "x" * 5000])
def test_cookie_has_to_be_one_of_ours(api, spotify, cookie):
    given = {"code": code_from(spotify), "state": started(api)}

    assert is_refused(browser_with(cookie).get(CALLBACK, given, **BROWSER))


@pytest.mark.parametrize("signed_in", [client_of, browser_of])
@headers
def test_who_is_signed_in_as_the_person_needs_no_cookie_of_it(
    api, alice, spotify, signed_in, headers
):
    given = {"code": code_from(spotify), "state": started(api)}

    response = signed_in(alice).get(CALLBACK, given, **headers)

    assert response.status_code in (200, 302)
    assert SpotifyLink.objects.get().user == alice


def test_two_tabs_of_a_browser_can_both_be_completed(api, alice, spotify):
    first, second = started(api), started(api)
    browser = browser_with(second)

    given = {"code": code_from(spotify), "state": first}
    assert browser.get(CALLBACK, given, **JSON).status_code == 200

    again = browser_with(second)
    given = {"code": code_from(spotify), "state": second}
    assert again.get(CALLBACK, given, **JSON).status_code == 200


def test_relinking_can_switch_the_account(linked, alice, spotify):
    before = SpotifyLink.objects.get().tokens()
    url = linked.get(AUTH_URL).json()["url"]
    assert query_of(url)["show_dialog"] == "true"

    given = {"code": code_from(spotify), "state": query_of(url)["state"]}
    assert linked.get(CALLBACK, given, **JSON).status_code == 200

    assert SpotifyLink.objects.get().tokens() != before
