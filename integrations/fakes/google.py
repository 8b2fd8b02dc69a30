"""A Google on this machine: keys that rotate, ID tokens, and a page to choose a person.

For tests, and with `manage.py run_fakes` for a developer without a client id at Google.
What the service is told of it is `environment()`; everything else is as in production.

    with FakeGoogle() as google:
        google.id_token(sub="1", email="ada@gmail.com")

`/` is a web client in small, to try signing in with a browser; `/gsi/client` is what
Google's script of that name does for the "Sign in with Google" button.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import Template
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from integrations.fakes.google_pages import (
    CHOOSER_PAGE,
    CLIENT_PAGE,
    DONE_PAGE,
    GSI_CLIENT,
)

CLIENT_ID = "1234567890-fake.apps.googleusercontent.com"
ISSUER = "https://accounts.google.com"
CERTS = "/oauth2/v3/certs"
# Seconds for which Google says that its keys are good.
MAX_AGE = 19_000

PEOPLE: list[dict[str, Any]] = [
    {"sub": "100001", "name": "Ada Gmail", "email": "ada@gmail.com"},
    {
        "sub": "100002",
        "name": "Grace of a firm",
        "email": "grace@firm.example",
        "hd": "firm.example",
    },
    {"sub": "100003", "name": "Linus Elsewhere", "email": "linus@mail.example"},
    {
        "sub": "100004",
        "name": "Mallory Unverified",
        "email": "mallory@mail.example",
        "email_verified": False,
    },
]


def names_of(name: str) -> dict[str, str]:
    """Return the parts of a name as claims."""
    given, _, family = name.partition(" ")
    return {"given_name": given, "family_name": family}


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    """Return one of the keys of all fakes in this process: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_id(number: int) -> str:
    return f"key-{number}"


def public_jwk(number: int) -> dict[str, Any]:
    jwk = RSAAlgorithm.to_jwk(private_key(number).public_key(), as_dict=True)
    return {
        "kid": key_id(number),
        "use": "sig",
        "alg": "RS256",
        **{part: jwk[part] for part in ("kty", "n", "e")},
    }


@dataclass
class Answer:
    """What is sent instead of the keys; `silence`: nothing until a reset."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    silence: bool = False


class FakeGoogle:
    def __init__(self, port: int = 0, *, client_id: str = CLIENT_ID) -> None:
        self.port, self.client_id = port, client_id
        self.silence_ends = Event()
        self.reset()

    def reset(self) -> None:
        """Be as at the beginning, with nothing wrong."""
        # The last one signs; all are published.
        self.keys = [1]
        self.certs_asked = 0
        # Instead of the keys, when there is something wrong with Google.
        self.certs_answer: Answer | None = None
        self.silence_ends.set()
        self.silence_ends = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return self.url + CERTS

    def environment(self) -> dict[str, str]:
        """Return the variables with which the service takes this for Google."""
        return {
            "GOOGLE_CLIENT_ID": self.client_id,
            "GOOGLE_JWKS_URL": self.jwks_url,
            "CLIENT_ORIGINS": self.url,
        }

    def start(self) -> None:
        """Listen on the port, from the first start on always on the same."""
        self.silence_ends = Event()
        handler = type("Handler", (Handler,), {"google": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        self.silence_ends.set()
        self.server.shutdown()
        self.server.server_close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Be gone for a while."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def __enter__(self) -> FakeGoogle:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def rotate(self) -> None:
        """Sign with a new key; the one before is still published, those older not."""
        self.keys = [self.keys[-1], self.keys[-1] + 1]

    def retire(self) -> None:
        """Publish no key but the one that signs."""
        self.keys = self.keys[-1:]

    def id_token(self, *, headers: dict | None = None, **claims: Any) -> str:
        """Return a token as a web client gets it; None leaves a claim out."""
        signer = self.keys[-1]
        return jwt.encode(
            self.claims(**claims),
            private_key(signer),
            algorithm="RS256",
            headers={"kid": key_id(signer), **(headers or {})},
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        person = PEOPLE[0] | {"email_verified": True, "picture": ""}
        claims = {
            "iss": ISSUER,
            "azp": self.client_id,
            "aud": self.client_id,
            "nbf": now - 300,
            "iat": now,
            "exp": now + 3600,
            "jti": secrets.token_hex(20),
            **names_of(person["name"]),
            **person,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}


class Handler(BaseHTTPRequestHandler):
    google: FakeGoogle

    def do_GET(self) -> None:
        path, query = self.asked()
        if path == CERTS:
            self.send_certs()
        elif path == "/":
            self.send_page(CLIENT_PAGE, client_id=self.google.client_id)
        elif path == "/gsi/client":
            script = GSI_CLIENT.substitute(google=self.google.url)
            self.send(script.encode(), {"Content-Type": "text/javascript"})
        elif path == "/chooser":
            self.send_page(CHOOSER_PAGE, choices=choices(query))
        else:
            self.send(b"", status=404)

    def do_POST(self) -> None:
        """Hand an ID token of the chosen person to the page that opened the chooser."""
        path, query = self.asked()
        if path != "/chooser":
            return self.send(b"", status=404)
        length = int(self.headers.get("Content-Length", 0))
        form = self.fields(self.rfile.read(length).decode())
        person = json.loads(form["person"])
        person |= names_of(person["name"])
        token = self.google.id_token(aud=query.get("client_id"), **person)
        # In a script, where only "<" could end it.
        message, origin = (
            json.dumps(value).replace("<", "\\u003c")
            for value in ({"credential": token}, query.get("origin", ""))
        )
        return self.send_page(DONE_PAGE, message=message, origin=origin, token=token)

    def asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, self.fields(parts.query)

    def fields(self, text: str) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(text).items()}

    def send_certs(self) -> None:
        silence_ends = self.google.silence_ends
        self.google.certs_asked += 1
        if answer := self.google.certs_answer:
            if answer.silence:
                silence_ends.wait()
            return self.send(answer.body, answer.headers, answer.status)
        keys = [public_jwk(number) for number in self.google.keys]
        return self.send(
            json.dumps({"keys": keys}).encode(),
            {
                "Content-Type": "application/json; charset=UTF-8",
                "Cache-Control": f"public, max-age={MAX_AGE}, must-revalidate",
            },
        )

    def send_page(self, page: Template, **parts: str) -> None:
        headers = {"Content-Type": "text/html; charset=utf-8"}
        self.send(page.substitute(parts).encode(), headers)

    def send(
        self, body: bytes, headers: dict[str, str] | None = None, status: int = 200
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: the service tells what became of a sign-in."""


def choices(query: dict[str, str]) -> str:
    """Return a button for each person; a press on one posts who it is."""
    action = escape(f"/chooser?{urlencode(query)}")
    buttons = "".join(
        f'<button name="person" value="{escape(json.dumps(person))}">'
        f"{escape(person['name'])} &lt;{escape(person['email'])}&gt;</button>"
        for person in PEOPLE
    )
    return f'<form method="post" action="{action}">{buttons}</form>'
