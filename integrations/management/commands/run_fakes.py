"""Run a Google and a Spotify on this machine, to try everything without their keys.

Run it beside the service while developing; a second run on the same ports is refused.
They keep nothing: after a restart, Spotify has to be connected again.

    manage.py run_fakes                               # in one terminal
    eval "$(python manage.py run_fakes --variables)"  # in another, then:
    make serve
"""

from __future__ import annotations

import signal
from threading import Event

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from focusmaster.management.options import check_range
from integrations.fakes.google import FakeGoogle
from integrations.fakes.spotify import FakeSpotify

GOOGLE_PORT, SPOTIFY_PORT = 5901, 5902


class Command(BaseCommand):
    help = "Run stand-ins for Google and Spotify on this machine, for development."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        for name, port in (("google", GOOGLE_PORT), ("spotify", SPOTIFY_PORT)):
            parser.add_argument(
                f"--{name}-port",
                type=int,
                default=port,
                help="Port to listen on (default: %(default)s).",
            )
        parser.add_argument(
            "--variables",
            action="store_true",
            help="Only print what to export before the service is started.",
        )

    def handle(
        self, *, google_port: int, spotify_port: int, variables: bool, **options
    ) -> None:
        check_range("--google-port", google_port, settings.MOST_PORT, least=0)
        check_range("--spotify-port", spotify_port, settings.MOST_PORT, least=0)
        google, spotify = FakeGoogle(google_port), FakeSpotify(spotify_port)
        export = "\n".join(
            f"export {name}={value}"
            for name, value in together(google, spotify).items()
        )
        if variables:
            self.stdout.write(export)
            return
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        try:
            with google, spotify:
                self.announce(google, spotify, export)
                stop.wait()
        except OSError as exc:
            raise CommandError(f"Cannot listen: {exc.strerror}.") from exc

    def announce(self, google: FakeGoogle, spotify: FakeSpotify, export: str) -> None:
        self.stdout.write(
            "Start the service with these variables:\n\n"
            f"{export}\n\n"
            "Then try it in a browser (Ctrl-C stops this):\n"
            f"  Sign in with Google  {google.url}/\n"
            f"  Music with Spotify   {spotify.url}/"
        )
        self.stdout.flush()


def together(google: FakeGoogle, spotify: FakeSpotify) -> dict[str, str]:
    """Return the variables for both; the pages of both are web clients."""
    return {
        **google.environment(),
        **spotify.environment(),
        "CLIENT_ORIGINS": f"{google.url},{spotify.url}",
        "SPOTIFY_CLIENT_REDIRECT": f"{spotify.url}/",
    }
