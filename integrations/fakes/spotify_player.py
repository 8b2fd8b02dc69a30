"""Spotify's player: one device, some tracks, and its errors."""

from __future__ import annotations

from time import monotonic

from integrations.fakes.responses import Request, Response, json_response, player_error
from integrations.fakes.spotify_accounts import Accounts

TRACKS = ["Weightless", "Gymnopédie No. 1", "Clair de lune"]
PLAYER = "/v1/me/player"


class Player(Accounts):
    """The player of the account."""

    def reset(self) -> None:
        super().reset()
        self.is_premium = self.has_device = True
        self.is_playing = False
        self.track = 0

    def play(self, request: Request) -> Response:
        with self.lock:
            _, until = self.access.get(request.token, ("", 0))
            if monotonic() >= until:
                return player_error(401, "The access token expired")
            if request.method == "GET":
                return self.state() if self.has_device else Response(204)
            if not self.is_premium:
                message = "Player command failed: Premium required"
                return player_error(403, message, "PREMIUM_REQUIRED")
            if not self.has_device:
                message = "Player command failed: No active device found"
                return player_error(404, message, "NO_ACTIVE_DEVICE")
            return self.command(request)

    def command(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(f"{PLAYER}/"):
            case "PUT", ("play" | "pause") as command:
                if self.is_playing == (command == "play"):
                    message = "Player command failed: Restriction violated"
                    return player_error(403, message)
                self.is_playing = command == "play"
            case "POST", ("next" | "previous") as command:
                self.track += 1 if command == "next" else -1
            case _:
                return player_error(404, "Service not found")
        # The real one sends a text, where its description promises none.
        return Response(200, {"Content-Type": "text/plain"}, b"AgWXyz")

    def state(self) -> Response:
        name = TRACKS[self.track % len(TRACKS)]
        item = {"name": name, "artists": [{"name": "Somebody"}], "duration_ms": 480_000}
        return json_response(
            200,
            {
                "device": {"name": "Kitchen", "is_active": True},
                "is_playing": self.is_playing,
                "item": item,
            },
        )
