"""A Spotify on loopback: accounts and player, over real HTTP.

For tests, and to try the whole flow without keys of Spotify's (`manage.py run_fakes`).
There is one account. What it plays, and what goes wrong, is set on the object:

    with FakeSpotify() as fake:
        fake.is_premium = False
        fake.fail("PUT", "/v1/me/player/play", 429, {"Retry-After": "7"})

The real one is at developer.spotify.com/documentation/web-api.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, RLock, Thread
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT_ID = "fake-client"
CLIENT_SECRET = "fake-client-secret"
TRACKS = ["Weightless", "Gymnopédie No. 1", "Clair de lune"]
LIFETIME = 3600
AUTHORIZE = "/authorize"
TOKEN = "/api/token"
PLAYER = "/v1/me/player"

HTML = {"Content-Type": "text/html; charset=utf-8"}
# A web client in small; on loopback, so that it may call the service.
DEMO = Path(__file__).with_name("spotify.html")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto;
  padding: 0 1rem; color: #181818 }}
form {{ display: inline }}
button {{ font: inherit; padding: .6rem 1.4rem; border-radius: 2rem; cursor: pointer;
  border: 1px solid #888; background: #fff }}
button.allow {{ background: #1a7f37; border-color: #1a7f37; color: #fff }}
.note {{ color: #666 }}
</style>
<h1>{title}</h1>
{body}
</html>"""


class Asked(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    token: str
    form: dict[str, str]


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


ANY = ("any method", "any path")
# An answer that begins and has no end.
TRICKLE = Answer(200)
TRICKLE_SECONDS = 0.02


def json_response(status: int, data: Any, **headers: str) -> Answer:
    kind = {"Content-Type": "application/json", **headers}
    return Answer(status, kind, json.dumps(data).encode())


def player_error(status: int, message: str, reason: str = "UNKNOWN") -> Answer:
    error = {"status": status, "message": message, "reason": reason}
    return json_response(status, {"error": error})


def oauth_error(error: str, status: int = 400) -> Answer:
    return json_response(status, {"error": error, "error_description": error})


def page(title: str, body: str, status: int = 200) -> Answer:
    text = PAGE.format(title=escape(title), body=body).encode()
    return Answer(status, HTML, text)


class FakeSpotify:
    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.lock = RLock()
        self.released = Event()
        self.reset()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything; requests that were left in silence get their answer."""
        self.released.set()
        with self.lock:
            self.released = Event()
            self.is_premium = self.has_device = True
            self.is_playing = False
            self.track = 0
            # Whether a refresh token is replaced with each use.
            self.rotates = False
            self.lifetime = LIFETIME
            self.asked: list[Asked] = []
            # Everything that opens something.
            self.given_out = [CLIENT_SECRET]
            # By code: where it may be used, and for what.
            self.codes: dict[str, tuple[str, str]] = {}
            # Tokens that are good, with the scope; access tokens until a time.
            self.access: dict[str, tuple[str, float]] = {}
            self.refresh: dict[str, str] = {}
            self.failures: dict[tuple[str, str], list[Answer | None]] = {}

    # What goes wrong

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer the next such request like this."""
        answer = Answer(status, headers or {}, body)
        self.failures.setdefault((method, path), []).append(answer)

    def fail_next(self, status: int) -> None:
        """Answer the next request like this, whatever it is."""
        self.failures.setdefault(ANY, []).append(Answer(status))

    def keep_silent(self, method: str, path: str) -> None:
        """Leave the next such request without an answer, until a reset."""
        self.failures.setdefault((method, path), []).append(None)

    def trickle(self, method: str, path: str) -> None:
        """Answer the next such request a byte at a time, until a reset."""
        self.failures.setdefault((method, path), []).append(TRICKLE)

    def expire(self) -> None:
        """Let no access token that was given out be good any more."""
        with self.lock:
            self.access.clear()

    def revoke(self) -> None:
        """Have the person end all links on Spotify's page."""
        with self.lock:
            self.access.clear()
            self.refresh.clear()

    def count(self, method: str, path: str) -> int:
        return sum((one.method, one.path) == (method, path) for one in self.asked)

    def environment(self) -> dict[str, str]:
        """Return the variables that have the service ask this Spotify."""
        return {
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": self.url,
            "SPOTIFY_API_URL": f"{self.url}/v1",
        }

    # Accounts

    def authorize(self, query: dict[str, str]) -> Answer:
        """Ask the person, as the page that the browser is sent to."""
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            return page("Illegal request", "<p>INVALID_CLIENT</p>", 400)
        if not query.get("redirect_uri"):
            return page("Illegal request", "<p>INVALID_REDIRECT_URI</p>", 400)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in query.items()
        )
        buttons = "".join(
            f'<form action="/answer">{hidden}<button name="answer" value="{answer}"'
            f' class="{answer}">{label}</button></form> '
            for answer, label in [("allow", "Allow"), ("deny", "Deny")]
        )
        scopes = "".join(
            f"<li>{escape(one)}</li>" for one in query.get("scope", "").split()
        )
        return page(
            "FocusMaster wants to use your Spotify account",
            f"<ul>{scopes}</ul>{buttons}"
            '<p class="note">A stand-in for Spotify, to try things out.</p>',
        )

    def answer_of_person(self, query: dict[str, str]) -> Answer:
        back = {"state": query.get("state", "")}
        if query.get("answer") == "allow":
            back["code"] = self.new_code(query["redirect_uri"], query.get("scope", ""))
        else:
            back["error"] = "access_denied"
        url = f"{query['redirect_uri']}?{urlencode(back)}"
        return Answer(302, {"Location": url})

    def new_code(self, redirect_uri: str, scope: str = "") -> str:
        """Return a code as it is sent back with somebody who allowed everything."""
        code = self.new_secret("code")
        with self.lock:
            self.codes[code] = redirect_uri, scope
        return code

    def new_secret(self, kind: str) -> str:
        secret = f"{kind}-{secrets.token_urlsafe(24)}"
        self.given_out.append(secret)
        return secret

    def grant(self, scope: str, refresh_token: str | None = None) -> dict[str, Any]:
        """Give out an access token, and a refresh token unless there is one."""
        access = self.new_secret("access")
        self.access[access] = scope, monotonic() + self.lifetime
        given = {
            "access_token": access,
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": self.lifetime,
        }
        if refresh_token is None:
            refresh_token = self.new_secret("refresh")
            self.refresh[refresh_token] = scope
            given["refresh_token"] = refresh_token
        return given

    def token(self, asked: Asked, authorization: str) -> Answer:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {pair}":
            return oauth_error("invalid_client")
        with self.lock:
            match asked.form.get("grant_type"):
                case "client_credentials":
                    given = {"access_token": "client", "token_type": "Bearer"}
                    return json_response(200, given | {"expires_in": LIFETIME})
                case "authorization_code":
                    code = self.codes.pop(asked.form.get("code", ""), None)
                    if code is None or code[0] != asked.form.get("redirect_uri"):
                        return oauth_error("invalid_grant")
                    return json_response(200, self.grant(code[1]))
                case "refresh_token":
                    return self.refreshed(asked.form.get("refresh_token", ""))
        return oauth_error("unsupported_grant_type")

    def refreshed(self, token: str) -> Answer:
        if token not in self.refresh:
            return oauth_error("invalid_grant")
        if self.rotates:
            return json_response(200, self.grant(self.refresh.pop(token)))
        return json_response(200, self.grant(self.refresh[token], token))

    # The player

    def play(self, asked: Asked) -> Answer:
        with self.lock:
            _, until = self.access.get(asked.token, ("", 0))
            if monotonic() >= until:
                return player_error(401, "The access token expired")
            if asked.method == "GET":
                return self.state() if self.has_device else Answer(204)
            if not self.is_premium:
                message = "Player command failed: Premium required"
                return player_error(403, message, "PREMIUM_REQUIRED")
            if not self.has_device:
                message = "Player command failed: No active device found"
                return player_error(404, message, "NO_ACTIVE_DEVICE")
            return self.command(asked)

    def command(self, asked: Asked) -> Answer:
        match asked.method, asked.path.removeprefix(f"{PLAYER}/"):
            case "PUT", ("play" | "pause") as command:
                if self.is_playing == (command == "play"):
                    message = "Player command failed: Restriction violated"
                    return player_error(403, message)
                self.is_playing = command == "play"
            case "POST", ("next" | "previous") as command:
                self.track += 1 if command == "next" else -1
            case _:
                return player_error(404, "Service not found")
        # The real one answers with a text, where its description promises none.
        return Answer(200, {"Content-Type": "text/plain"}, b"AgWXyz")

    def state(self) -> Answer:
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

    # The page to try it with

    def turn(self, switches: dict[str, str]) -> Answer:
        """Set what the page can: whether things are as they should be."""
        for name in ("is_premium", "has_device"):
            if name in switches:
                setattr(self, name, switches[name] == "true")
        if "expire" in switches:
            self.expire()
        if "revoke" in switches:
            self.revoke()
        return Answer(204)

    # The server

    def respond(
        self, asked: Asked, query: dict[str, str], authorization: str
    ) -> Answer:
        self.asked.append(asked)
        place = asked.method, asked.path
        if failures := self.failures.get(place) or self.failures.get(ANY):
            failure = failures.pop(0)
            if failure is not None:
                return failure
            self.released.wait()
        match asked.method, asked.path:
            case "GET", "/":
                return Answer(200, HTML, DEMO.read_bytes())
            case "POST", "/":
                return self.turn(asked.form)
            case "GET", path if path == AUTHORIZE:
                return self.authorize(query)
            case "GET", "/answer":
                return self.answer_of_person(query)
            case "POST", path if path == TOKEN:
                return self.token(asked, authorization)
            case _, path if path.startswith(PLAYER):
                return self.play(asked)
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


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Not waited for at the end: some are kept in silence.
    block_on_close = False
    request_queue_size = 128
    fake: FakeSpotify

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that did not wait for their answer."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        asked = Asked(
            self.command,
            url.path,
            authorization.removeprefix("Bearer "),
            dict(parse_qsl(body.decode(errors="replace"))),
        )
        query = dict(parse_qsl(url.query))
        answer = self.server.fake.respond(asked, query, authorization)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer is TRICKLE:
            return self.trickle()
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

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
