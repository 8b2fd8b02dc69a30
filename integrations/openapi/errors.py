"""The errors of any request that Spotify is asked for."""

from __future__ import annotations

from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.openapi.errors import (
    ERROR_SCHEMA,
    error_response,
)
from integrations.exceptions import (
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRateLimited,
    SpotifyRefused,
    SpotifyUnavailable,
)

CONFLICT_SCHEMA = ERROR_SCHEMA | {
    "properties": ERROR_SCHEMA["properties"]
    | {
        "connected": {
            "type": "boolean",
            "const": False,
            "description": "Only there when Spotify is not connected.",
        }
    }
}

CONFLICT = error_response(
    "There is no link, or Spotify does not want to.", SpotifyNotLinked, SpotifyRefused
)
CONFLICT.response = CONFLICT_SCHEMA
UNAVAILABLE = error_response(
    "Spotify is not set up here, or the database does not answer.",
    SpotifyNotConfigured,
    DatabaseUnavailable,
)
# What may come of any request that Spotify is asked for.
SPOTIFY_ERRORS = {
    429: error_response(
        "Spotify gets too many requests; `Retry-After` is its own. It is asked nothing "
        "for that time, 5 minutes at most, for anybody.",
        SpotifyRateLimited,
    ),
    502: error_response(
        "Spotify is down, too slow, or makes no sense. It takes 5 seconds at most.",
        SpotifyUnavailable,
    ),
    503: UNAVAILABLE,
}
