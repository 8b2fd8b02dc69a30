"""Spotify's accounts service: the page that asks a person, codes and tokens."""

from __future__ import annotations

import base64
import secrets
from html import escape
from threading import RLock
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from integrations.fakes.responses import (
    Request,
    Response,
    json_response,
    oauth_error,
    page,
)

CLIENT_ID = "fake-client"
CLIENT_SECRET = "fake-client-secret"
LIFETIME = 3600
AUTHORIZE = "/authorize"
TOKEN = "/api/token"


class Accounts:
    """The one account there is, and the tokens that open it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.reset()

    def reset(self) -> None:
        # Whether a refresh token is replaced with each use.
        self.rotates = False
        self.lifetime = LIFETIME
        # Everything that opens something.
        self.given_out = [CLIENT_SECRET]
        # By code: where it may be used, and for what.
        self.codes: dict[str, tuple[str, str]] = {}
        # Tokens that are good, with the scope; access tokens until a time.
        self.access: dict[str, tuple[str, float]] = {}
        self.refresh: dict[str, str] = {}

    def expire(self) -> None:
        """Let no access token that was given out be good any more."""
        with self.lock:
            self.access.clear()

    def revoke(self) -> None:
        """Have the person end all links on Spotify's page."""
        with self.lock:
            self.access.clear()
            self.refresh.clear()

    def authorize(self, query: dict[str, str]) -> Response:
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

    def decide(self, query: dict[str, str]) -> Response:
        back = {"state": query.get("state", "")}
        if query.get("answer") == "allow":
            back["code"] = self.new_code(query["redirect_uri"], query.get("scope", ""))
        else:
            back["error"] = "access_denied"
        url = f"{query['redirect_uri']}?{urlencode(back)}"
        return Response(302, {"Location": url})

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

    def token(self, request: Request, authorization: str) -> Response:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {pair}":
            return oauth_error("invalid_client")
        with self.lock:
            match request.form.get("grant_type"):
                case "client_credentials":
                    given = {"access_token": "client", "token_type": "Bearer"}
                    return json_response(200, given | {"expires_in": LIFETIME})
                case "authorization_code":
                    code = self.codes.pop(request.form.get("code", ""), None)
                    if code is None or code[0] != request.form.get("redirect_uri"):
                        return oauth_error("invalid_grant")
                    return json_response(200, self.grant(code[1]))
                case "refresh_token":
                    return self.refreshed(request.form.get("refresh_token", ""))
        return oauth_error("unsupported_grant_type")

    def refreshed(self, token: str) -> Response:
        if token not in self.refresh:
            return oauth_error("invalid_grant")
        if self.rotates:
            return json_response(200, self.grant(self.refresh.pop(token)))
        return json_response(200, self.grant(self.refresh[token], token))
