"""What can come in between when Spotify is to do something.

Some of Spotify's own refusals go on to the client as they came, with the status that
Spotify gave them: they say it themselves.
"""

from __future__ import annotations

from rest_framework.exceptions import APIException

from focusmaster.api.rate_limits import RateLimited
from focusmaster.exceptions import InvalidValue, LinkedServiceError, RuleViolation


class SpotifyNotConfigured(APIException):
    status_code = 503
    default_detail = "Spotify is not set up on this server."
    default_code = "spotify_not_configured"
    # Somebody has to set it up first.
    wait = 3600


class SpotifyNotLinked(RuleViolation):
    code = "spotify_not_linked"
    message = "Spotify is not connected. Connect it first."
    more = {"connected": False}


class SpotifyRefused(RuleViolation):
    """Such as to pause what does not play, or to skip an advertisement."""

    code = "spotify_refused"
    message = "Spotify does not allow this right now."


class PremiumRequired(APIException):
    status_code = 403
    default_detail = "Spotify lets only Premium accounts do this."
    default_code = "premium_required"


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
        """Take what staff may read of the reason."""
        super().__init__(why)
        self.why = why


class InvalidState(InvalidValue):
    """One for all: forged, expired, used before, or another person's."""

    def __init__(self) -> None:
        super().__init__("state", "this attempt has ended; connect Spotify once more")


class InvalidCode(InvalidValue):
    def __init__(self) -> None:
        super().__init__("code", "Spotify does not take this code; connect once more")


# All that may come of a call for a person who is linked or thought to be.
FAILURES = (
    SpotifyNotConfigured,
    SpotifyNotLinked,
    SpotifyRefused,
    PremiumRequired,
    NoActiveDevice,
    SpotifyRateLimited,
    SpotifyUnavailable,
)
