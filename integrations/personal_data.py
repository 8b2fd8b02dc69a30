"""The personal data of links to other services."""

from __future__ import annotations

from accounts.models import User
from focusmaster.personal_data import PersonalDataEntry, Section
from integrations.models import SpotifyLink
from integrations.serializers import SpotifyLinkSerializer


def unlink(user: User) -> None:
    SpotifyLink.objects.owned_by(user).delete()


PERSONAL_DATA = [
    PersonalDataEntry(
        SpotifyLink,
        sections=[Section("spotify", SpotifyLinkSerializer, single=True)],
        excluded_columns={
            "encrypted_tokens": "Secrets, with which Spotify would let anybody in.",
            "expires_at": "Of a secret, and past within an hour.",
            "renewing_until": "Of a secret, and past within a minute.",
            "phase": "Past within minutes: what the music has yet to follow.",
            "phase_number": "Tells one phase from the next, and counts nothing.",
            "phase_at": "Of the phase; that of a session is in the session.",
            "following_until": "Past within minutes.",
        },
        on_joining=unlink,
    ),
]
