"""The stand-ins answer in the shapes of the real services."""

from __future__ import annotations

import json
import urllib.request

import jwt

from integrations.fakes.spotify import FakeSpotify


def script_of(google) -> str:
    with urllib.request.urlopen(f"{google.url}/gsi/client") as response:
        return response.read().decode()


def test_script_of_google_has_what_pages_call(google):
    script = script_of(google)

    for name in (
        "initialize",
        "prompt",
        "renderButton",
        "cancel",
        "disableAutoSelect",
        "storeCredential",
        "revoke",
    ):
        assert f"    {name}: " in script
    for method in ("isNotDisplayed", "isSkippedMoment", "getMomentType"):
        assert f"    {method}: " in script


def test_chooser_of_google_opens_by_a_click_alone(google):
    script = script_of(google)

    assert script.count("choose()") == 1
    clicked = script.index('addEventListener("click"')
    assert clicked < script.index("choose()")


def test_track_of_spotify_has_what_pages_show():
    fake = FakeSpotify()
    fake.is_playing = True

    player = json.loads(fake.state().body)

    assert player["currently_playing_type"] == "track"
    assert 0 <= player["progress_ms"] <= player["item"]["duration_ms"]
    assert player["item"]["album"]["images"][0]["url"].startswith("https://")
    assert player["item"]["artists"][0]["name"]
    assert player["device"]["id"]


def test_episode_is_for_who_asks_for_episodes():
    fake = FakeSpotify()
    fake.plays_episode = True

    assert json.loads(fake.state().body)["item"] is None
    asked = {"additional_types": "track,episode"}
    assert json.loads(fake.state(asked).body)["item"]["show"]["name"]


def test_id_token_of_google_has_the_claims_of_a_real_one(google):
    claims = jwt.decode(google.id_token(), options={"verify_signature": False})

    assert claims.keys() == {
        *("iss", "azp", "aud", "sub", "email", "email_verified", "nbf", "name"),
        *("picture", "given_name", "family_name", "iat", "exp", "jti"),
    }
    assert (claims["given_name"], claims["family_name"]) == ("Ada", "Gmail")
