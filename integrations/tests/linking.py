"""How tests link a person to the Spotify of the `spotify` fixture."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from integrations.fakes.spotify import FakeSpotify
from integrations.models import Grant, SpotifyLink, Tokens

AUTH_URL = "/api/spotify/auth-url"
CALLBACK = "/api/spotify/callback"
JSON = {"HTTP_ACCEPT": "application/json"}
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8"}


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def started(client: APIClient) -> str:
    """Ask for the page of Spotify's; return the state that goes there."""
    return query_of(client.get(AUTH_URL).json()["url"])["state"]


def browser_with(state: str) -> APIClient:
    """Return the browser that asked for a state; nobody is signed in there."""
    browser = APIClient()
    browser.cookies["spotify_state"] = state
    return browser


def code_from(fake: FakeSpotify) -> str:
    """Return what a browser comes back with when its person has allowed it."""
    return fake.new_code(settings.SPOTIFY_REDIRECT_URI, "user-modify-playback-state")


def link(user: User, fake: FakeSpotify) -> None:
    """Link the person as if they had been on Spotify's page."""
    given = fake.grant("user-modify-playback-state")
    tokens = Tokens(given["access_token"], given["refresh_token"])
    lifetime = timedelta(seconds=given["expires_in"])
    grant = Grant(tokens, lifetime, given["scope"].split())
    SpotifyLink.objects.connect(user=user, grant=grant)


def expire_here() -> None:
    """Have the time of all access tokens be over, as far as we know."""
    SpotifyLink.objects.update(expires_at=timezone.now())


def refusal(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
