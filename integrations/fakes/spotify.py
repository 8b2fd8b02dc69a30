"""A Spotify on loopback: accounts and player, over real HTTP.

For tests, and to try the whole flow without keys of Spotify's (`manage.py run_fakes`).
There is one account. What it plays, and what goes wrong, is set on the object:

    with FakeSpotify() as fake:
        fake.is_premium = False
        fake.fail("PUT", "/v1/me/player/play", 429, {"Retry-After": "7"})

The real one is at developer.spotify.com/documentation/web-api.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integrations.fakes.responses import (
    HTML,
    TRICKLE,
    TRICKLE_SECONDS,
    Request,
    Response,
    page,
)
from integrations.fakes.spotify_accounts import (
    AUTHORIZE,
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
)
from integrations.fakes.spotify_player import PLAYER, Player

# A web client in small; on loopback, so that it may call the service.
DEMO = Path(__file__).with_name("spotify.html")

ANY = ("any method", "any path")


class FakeSpotify(Player):
    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.released = Event()
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything; requests left in silence get their response."""
        self.released.set()
        with self.lock:
            self.released = Event()
            self.requests: list[Request] = []
            self.failures: dict[tuple[str, str], list[Response | None]] = {}
            # Seconds before each response.
            self.delay = 0.0
            # Requests that wait for their response, and the most that ever did.
            self.at_once = self.most_at_once = 0
            super().reset()

    # What goes wrong

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Send this response to the next such request."""
        response = Response(status, headers or {}, body)
        self.failures.setdefault((method, path), []).append(response)

    def fail_next(self, status: int) -> None:
        """Send this response to the next request, whatever it is."""
        self.failures.setdefault(ANY, []).append(Response(status))

    def keep_silent(self, method: str, path: str) -> None:
        """Send no response to the next such request until a reset."""
        self.failures.setdefault((method, path), []).append(None)

    def trickle(self, method: str, path: str) -> None:
        """Send the next such response a byte at a time until a reset."""
        self.failures.setdefault((method, path), []).append(TRICKLE)

    def count(self, method: str, path: str) -> int:
        return sum((one.method, one.path) == (method, path) for one in self.requests)

    def environment(self) -> dict[str, str]:
        """Return the variables that have the service ask this Spotify."""
        return {
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": self.url,
            "SPOTIFY_API_URL": f"{self.url}/v1",
        }

    # The page to try it with

    def turn(self, switches: dict[str, str]) -> Response:
        """Set what the page can: whether things are as they should be."""
        for name in ("is_premium", "has_device", "is_admitted", "plays_episode"):
            if name in switches:
                setattr(self, name, switches[name] == "true")
        if "expire" in switches:
            self.expire()
        if "revoke" in switches:
            self.revoke()
        return Response(204)

    # The server

    def respond(self, request: Request, authorization: str) -> Response:
        with self.lock:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            time.sleep(self.delay)
            return self.respond_now(request, authorization)
        finally:
            with self.lock:
                self.at_once -= 1

    def respond_now(self, request: Request, authorization: str) -> Response:
        endpoint = request.method, request.path
        if failures := self.failures.get(endpoint) or self.failures.get(ANY):
            failure = failures.pop(0)
            if failure is not None:
                return failure
            self.released.wait()
        match request.method, request.path:
            case "GET", "/":
                return Response(200, HTML, DEMO.read_bytes())
            case "POST", "/":
                return self.turn(request.form)
            case "GET", path if path == AUTHORIZE:
                return self.authorize(request.query)
            case "GET", "/answer":
                return self.decide(request.query)
            case "POST", path if path == TOKEN:
                return self.token(request, authorization)
            case _, path if path.startswith(PLAYER):
                return self.play(request)
        return page("Not found", "<p>There is nothing here.</p>", 404)

    def start(self) -> None:
        """Listen on the port, from the first start on always on the same."""
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.fake = self
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> FakeSpotify:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def json_in(content_type: str, body: bytes) -> Any:
    """Return what a JSON body means: text that is none stays as it is."""
    if not body or "json" not in content_type:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Not waited for at the end: some are kept in silence.
    block_on_close = False
    request_queue_size = 128
    fake: FakeSpotify

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that did not wait for the response."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        request = Request(
            self.command,
            url.path,
            authorization.removeprefix("Bearer "),
            dict(parse_qsl(body.decode(errors="replace"))),
            dict(parse_qsl(url.query)),
            json_in(self.headers.get("Content-Type", ""), body),
        )
        response = self.server.fake.respond(request, authorization)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response is TRICKLE:
            return self.trickle()
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def trickle(self) -> None:
        self.send_header("Content-Length", str(2**20))
        self.end_headers()
        released = self.server.fake.released
        while not released.wait(TRICKLE_SECONDS):
            self.wfile.write(b" ")
        self.close_connection = True

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *args: object) -> None:
        """Keep tests and the terminal quiet."""
