"""Errors of the link to Spotify and of its player.

Some of Spotify's own errors reach the client with the status that Spotify gave them.
These are API exceptions; the others are domain errors.
"""

from __future__ import annotations

from rest_framework.exceptions import APIException

from focusmaster.api.rate_limits import RateLimited
from focusmaster.exceptions import InvalidValue, LinkedServiceError, RuleViolation


class SpotifyNotConfigured(APIException):
    status_code = 503
    default_detail = "Spotify is not set up on this server."
    default_code = "spotify_not_configured"
    wait = 3600  # Seconds; somebody has to set it up first.


class SpotifyNotLinked(RuleViolation):
    code = "spotify_not_linked"
    message = "Spotify is not connected. Connect it first."
    more = {"connected": False}


class SpotifyRefused(RuleViolation):
    """The command makes no sense now, such as to skip an advertisement."""

    code = "spotify_refused"
    message = "Spotify does not allow this right now."


class PlayerRestricted(SpotifyRefused):
    """Spotify's 403 to a command, also where the player is so already."""


class PremiumRequired(APIException):
    status_code = 403
    default_detail = "Spotify lets only Premium accounts do this."
    default_code = "premium_required"


class SpotifyNotAdmitted(APIException):
    """Spotify lets this app act for few people, or for nobody; its owner can help."""

    status_code = 403
    default_detail = (
        "Spotify does not admit your account to this app yet. Ask the operator of this "
        "service to add it."
    )
    default_code = "spotify_not_admitted"


class NoActiveDevice(APIException):
    status_code = 404
    default_detail = "Spotify plays on no device. Start it on one, and try again."
    default_code = "no_active_device"


class SpotifyRateLimited(RateLimited):
    default_code = "spotify_rate_limited"
    default_detail = "Spotify gets too many requests. Try again later."

    def __init__(self, wait: int) -> None:
        super().__init__(wait, self.default_detail)


class SpotifyUnavailable(LinkedServiceError):
    code = "spotify_unavailable"
    message = "Spotify does not answer. Try again in a moment."

    def __init__(self, why: str = "") -> None:
        """Take the reason as staff may read it."""
        super().__init__(why)
        self.why = why


class InvalidState(InvalidValue):
    """The state is forged, expired, used before, or another person's."""

    def __init__(self) -> None:
        super().__init__("state", "this attempt has ended; connect Spotify once more")


class InvalidCode(InvalidValue):
    def __init__(self) -> None:
        super().__init__("code", "Spotify does not take this code; connect once more")


# What a command or a query of a person's player may raise.
FAILURES = (
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRefused,
    PremiumRequired,
    SpotifyNotAdmitted,
    NoActiveDevice,
    SpotifyRateLimited,
    SpotifyUnavailable,
)
