"""Spotify's player: its devices, some tracks, an episode, and its errors.

Objects have the shapes of developer.spotify.com/documentation/web-api.
"""

from __future__ import annotations

import time
from hashlib import md5
from time import monotonic
from typing import Any

from integrations.fakes.responses import (
    Request,
    Response,
    json_response,
    player_error,
    regular_error,
)
from integrations.fakes.spotify_accounts import Accounts

TRACKS = ["Weightless", "Gymnopédie No. 1", "Clair de lune"]
ARTISTS = ["Marconi Union", "Erik Satie", "Claude Debussy"]
DURATION = 480_000
PLAYER = "/v1/me/player"
# What the real one sends, as bare text, for a person whom the app has not named.
NOT_ADMITTED = (
    b"Check settings on developer.spotify.com/dashboard, "
    b"the user may not be registered."
)


def spotify_id(text: str) -> str:
    """Return 22 letters and digits, always the same for a text."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()[:22]


def names(kind: str, text: str) -> dict[str, Any]:
    """Return the ways in which Spotify refers to one of its objects."""
    id_ = spotify_id(kind + text)
    return {
        "id": id_,
        "type": kind,
        "uri": f"spotify:{kind}:{id_}",
        "href": f"https://api.spotify.com/v1/{kind}s/{id_}",
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{id_}"},
    }


def images(text: str) -> list[dict[str, Any]]:
    return [
        {
            "url": f"https://i.scdn.co/image/{spotify_id(text)}",
            "height": size,
            "width": size,
        }
        for size in (640, 300, 64)
    ]


def track(number: int) -> dict[str, Any]:
    name, artist = TRACKS[number], {"name": ARTISTS[number]}
    artists = [artist | names("artist", ARTISTS[number])]
    return {
        "album": {
            "album_type": "album",
            "total_tracks": 10,
            "available_markets": ["DE", "US"],
            "images": images(name),
            "name": f"{name} and others",
            "release_date": "2012-01-01",
            "release_date_precision": "day",
            "artists": artists,
            **names("album", name),
        },
        "artists": artists,
        "available_markets": ["DE", "US"],
        "disc_number": 1,
        "duration_ms": DURATION,
        "explicit": False,
        "external_ids": {"isrc": f"GBXX0120000{number}"},
        "is_local": False,
        "name": name,
        "popularity": 50,
        "preview_url": None,
        "track_number": number + 1,
        **names("track", name),
    }


def episode() -> dict[str, Any]:
    show = {
        "available_markets": ["DE", "US"],
        "copyrights": [],
        "description": "About work.",
        "html_description": "About work.",
        "explicit": False,
        "images": images("show"),
        "is_externally_hosted": False,
        "languages": ["en"],
        "media_type": "audio",
        "name": "Deep work",
        "publisher": "Somebody",
        "total_episodes": 12,
        **names("show", "Deep work"),
    }
    return {
        "audio_preview_url": None,
        "description": "How to begin.",
        "html_description": "How to begin.",
        "duration_ms": DURATION,
        "explicit": False,
        "images": images("episode"),
        "is_externally_hosted": False,
        "is_playable": True,
        "language": "en",
        "languages": ["en"],
        "name": "How to begin",
        "release_date": "2026-01-01",
        "release_date_precision": "day",
        "resume_point": {"fully_played": False, "resume_position_ms": 0},
        "show": show,
        **names("episode", "How to begin"),
    }


class Player(Accounts):
    """The player of the account."""

    def reset(self) -> None:
        super().reset()
        # `is_admitted`: whether the person is among those of the app.
        self.is_premium = self.has_device = self.is_admitted = True
        self.is_playing = self.plays_episode = False
        self.track = 0
        self.device = 0
        self.context: str | None = None
        # Where the present item was at a time of the monotonic clock, `since`.
        self.move(0)

    def play(self, request: Request) -> Response:
        with self.lock:
            _, until = self.access.get(request.token, ("", 0))
            if monotonic() >= until:
                return regular_error(401, "The access token expired")
            if not self.is_admitted:
                return Response(403, {"Content-Type": "text/plain"}, NOT_ADMITTED)
            if request.method == "GET":
                return self.read(request)
            if not self.is_premium:
                message = "Player command failed: Premium required"
                return player_error(403, message, "PREMIUM_REQUIRED")
            return self.command(request)

    def read(self, request: Request) -> Response:
        if request.path == f"{PLAYER}/devices":
            return json_response(200, {"devices": self.devices()})
        if request.path != PLAYER:
            return regular_error(404, "Service not found")
        return self.state(request.query) if self.has_device else Response(204)

    def command(self, request: Request) -> Response:
        command = request.method, request.path.removeprefix(PLAYER).strip("/")
        if command[0] == "PUT" and not isinstance(request.json or {}, dict):
            return regular_error(400, "Malformed json")
        wanted = request.query.get("device_id")
        if command == ("PUT", ""):
            wanted = next(iter((request.json or {}).get("device_ids", [])), "")
        ids = [one["id"] for one in self.devices()]
        if wanted is not None and wanted not in ids:
            return player_error(404, "Device not found", "DEVICE_NOT_FOUND")
        if not self.has_device:
            message = "Player command failed: No active device found"
            return player_error(404, message, "NO_ACTIVE_DEVICE")
        if wanted is not None:
            self.device = ids.index(wanted)
        return self.do(command, request.json or {})

    def do(self, command: tuple[str, str], given: dict[str, Any]) -> Response:
        match command:
            case "PUT", ("play" | "pause") as name:
                uri = given.get("context_uri") or next(iter(given.get("uris", [])), "")
                if uri and uri.count(":") < 2:
                    return regular_error(400, "Invalid context uri")
                if not given and self.is_playing == (name == "play"):
                    message = "Player command failed: Restriction violated"
                    return player_error(403, message)
                self.context = given.get("context_uri") or self.context
                self.move(given.get("position_ms", 0 if uri else self.progress()))
                self.is_playing = name == "play"
            case "POST", ("next" | "previous") as name:
                self.track += 1 if name == "next" else -1
                self.move(0)
            case "PUT", "":
                self.move(self.progress())
                self.is_playing = self.is_playing or given.get("play") is True
            case _:
                return regular_error(404, "Service not found")
        # The real one sends a text, where its description promises none.
        return Response(200, {"Content-Type": "text/plain"}, b"AgWXyz")

    def progress(self) -> int:
        """Return the milliseconds of the present item that were played."""
        elapsed = int((monotonic() - self.since) * 1000) if self.is_playing else 0
        return min(DURATION, self.position + elapsed)

    def move(self, position: int) -> None:
        self.position, self.since = position, monotonic()
        # When something changed, as Spotify tells it, in milliseconds since 1970.
        self.timestamp = int(time.time() * 1000)

    def devices(self) -> list[dict[str, Any]]:
        """Return Spotify's objects of the devices that are switched on."""
        if not self.has_device:
            return []
        return [
            {
                "id": spotify_id(name) + "0" * 18,
                "is_active": number == self.device,
                "is_private_session": False,
                "is_restricted": False,
                "name": name,
                "supports_volume": True,
                "type": kind,
                "volume_percent": 50,
            }
            for number, (name, kind) in enumerate(
                [("Kitchen", "Speaker"), ("Laptop", "Computer")]
            )
        ]

    def state(self, query: dict[str, str] | None = None) -> Response:
        """Return the player object; an episode is in it only if the query names it."""
        kinds = (query or {}).get("additional_types", "track").split(",")
        item: dict[str, Any] | None = track(self.track % len(TRACKS))
        if self.plays_episode:
            item = episode() if "episode" in kinds else None
        context = self.context and {
            "type": self.context.split(":")[1],
            "uri": self.context,
            "href": "https://api.spotify.com/v1/" + self.context.replace(":", "/"),
            "external_urls": {"spotify": "https://open.spotify.com/"},
        }
        disallows = {"resuming" if self.is_playing else "pausing": True}
        return json_response(
            200,
            {
                "device": self.devices()[self.device],
                "shuffle_state": False,
                "smart_shuffle": False,
                "repeat_state": "off",
                "timestamp": self.timestamp,
                "context": context,
                "progress_ms": self.progress(),
                "item": item,
                "currently_playing_type": "episode" if self.plays_episode else "track",
                "actions": {"disallows": disallows},
                "is_playing": self.is_playing,
            },
        )
