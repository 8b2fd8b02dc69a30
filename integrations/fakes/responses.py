"""Requests to the fake Spotify, and the responses that it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

HTML = {"Content-Type": "text/html; charset=utf-8"}
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


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    token: str
    form: dict[str, str]
    query: dict[str, str]
    # What a JSON body means, None without one.
    json: Any = None


@dataclass
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


# A response that begins and has no end.
TRICKLE = Response(200)
TRICKLE_SECONDS = 0.02


def json_response(status: int, data: Any, **headers: str) -> Response:
    kind = {"Content-Type": "application/json", **headers}
    return Response(status, kind, json.dumps(data).encode())


def regular_error(status: int, message: str) -> Response:
    """Return an error as those of Spotify's that are not of the player."""
    return json_response(status, {"error": {"status": status, "message": message}})


def player_error(status: int, message: str, reason: str = "UNKNOWN") -> Response:
    error = {"status": status, "message": message, "reason": reason}
    return json_response(status, {"error": error})


def oauth_error(error: str, status: int = 400) -> Response:
    return json_response(status, {"error": error, "error_description": error})


def page(title: str, body: str, status: int = 200) -> Response:
    text = PAGE.format(title=escape(title), body=body).encode()
    return Response(status, HTML, text)
