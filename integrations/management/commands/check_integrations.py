"""Tell which of Google sign-in, Spotify, mail and Redis are set up and work.

Run it by hand after a change of settings, or when people complain. It asks the real
services and changes nothing, so a second run is harmless. The exit status is 1 if one
that is set up does not work.
"""

from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPException
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import caches
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError

from accounts.google.keys import fetch
from integrations import player
from integrations.exceptions import SpotifyRateLimited, SpotifyUnavailable

# Seconds to wait for Spotify.
TIMEOUT = 10
WORKS, ABSENT, FAILS = "works", "not set up", "FAILS"
# Over http, Spotify sends people back to these only.
LOOPBACK = ("127.0.0.1", "::1")


RULES = (
    "In development mode its owner needs Premium, and at most 5 people can connect, "
    "whom the owner names under User Management; others get 403 spotify_not_admitted. "
    "Playing needs Premium of each person. A link ends after 6 months, with Spotify's "
    "refresh token; it is then removed, and the person connects anew."
)


class Finding(NamedTuple):
    state: str
    text: str


class Command(BaseCommand):
    help = "Tell which linked services are set up, and whether they work."
    requires_system_checks = []

    def handle(self, **options) -> None:
        failed = []
        for name, check in CHECKS.items():
            state, text = check()
            self.stdout.write(f"{name:<8} {state:<11} {text}")
            if state == FAILS:
                failed.append(name)
        if failed:
            raise CommandError(f"This does not work: {', '.join(failed)}.")


def check_google() -> Finding:
    if not settings.GOOGLE_CLIENT_IDS:
        return Finding(
            ABSENT,
            "Nobody can sign in with Google. Set GOOGLE_CLIENT_ID to the client ids of "
            "your web, Android and iOS clients, from console.cloud.google.com.",
        )
    try:
        keys, _ = fetch(settings.GOOGLE_JWKS_URL)
    except (OSError, ValueError) as exc:
        return Finding(FAILS, f"{settings.GOOGLE_JWKS_URL} gives no keys: {exc}")
    return Finding(WORKS, f"Google publishes {len(keys)} keys to check sign-ins with.")


def check_spotify() -> Finding:
    names = ["SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "SPOTIFY_REDIRECT_URI"]
    missing = [name for name in names if not getattr(settings, name)]
    if {"SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"} <= set(missing):
        return Finding(
            ABSENT,
            "Nobody can connect Spotify. Make an app on developer.spotify.com and set "
            f"{' and '.join(missing)}.",
        )
    if missing:
        return Finding(FAILS, f"Set {' and '.join(missing)}, too.")
    if not takes_redirect(settings.SPOTIFY_REDIRECT_URI):
        return Finding(
            FAILS,
            "Spotify takes a SPOTIFY_REDIRECT_URI only with https://, or on this "
            "machine by address, http://127.0.0.1 or http://[::1] (not localhost).",
        )
    return check_spotify_app()


def takes_redirect(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in LOOPBACK
    )


def check_spotify_app() -> Finding:
    try:
        player.spotify().check_credentials(deadline=monotonic() + TIMEOUT)
    except SpotifyRateLimited as exc:
        return Finding(FAILS, f"Spotify wants to be left alone for {exc.wait} seconds.")
    except SpotifyUnavailable as exc:
        if "invalid_client" in exc.why:
            return Finding(
                FAILS,
                "Spotify does not know SPOTIFY_CLIENT_ID, or SPOTIFY_CLIENT_SECRET is "
                "not the app's.",
            )
        return Finding(FAILS, f"{settings.SPOTIFY_ACCOUNTS_URL} fails: {exc.why}.")
    return Finding(
        WORKS,
        "Spotify knows the app. Among its redirect URIs has to be "
        f"{settings.SPOTIFY_REDIRECT_URI}. {RULES}",
    )


def check_mail() -> Finding:
    if not settings.EMAIL_HOST:
        state = "printed to the console" if settings.CAN_SEND_MAIL else "not sent"
        return Finding(ABSENT, f"Mail is {state}. Set EMAIL_HOST to a mail server.")
    place = f"{settings.EMAIL_HOST}, port {settings.EMAIL_PORT}"
    try:
        # Says EHLO, and signs in where there is a name.
        with get_connection():
            return Finding(WORKS, f"{place} takes mail.")
    except (OSError, SMTPException) as exc:
        return Finding(FAILS, f"{place}: {exc}")


def check_redis() -> Finding:
    if not settings.REDIS_URL:
        return Finding(
            ABSENT,
            "Rate limits are counted in PostgreSQL. REDIS_URL would have them "
            "counted in Redis.",
        )
    try:
        caches["counters"].get("check_integrations")
    except OSError as exc:
        return Finding(FAILS, f"REDIS_URL: {exc}")
    return Finding(WORKS, "Rate limits are counted there.")


CHECKS: dict[str, Callable[[], Finding]] = {
    "Google": check_google,
    "Spotify": check_spotify,
    "Mail": check_mail,
    "Redis": check_redis,
}
