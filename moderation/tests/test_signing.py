"""What an earlier release signed is still signed."""

from __future__ import annotations

from moderation.audit.signing import is_signed, sign

KEY = "a known secret key"
PUBLIC_KEY = bytes.fromhex(
    "60f8910e6696615c90891df6e4fa63632b9a7799b777957dd7844044f04dc967"
)
SIGNATURE = bytes.fromhex(
    "2d905d3d11725b2ea6d6ba059dc14a7cec297b65b14a6a0d371cbcc15c149a47"
    "b09faf24ff05637e6f33d0e0b312f7864233f8ac38646a6896aae7dd7c783f08"
)


def test_message_is_signed_with_the_same_key(settings):
    settings.SECRET_KEY = KEY

    assert sign(b"evidence") == (PUBLIC_KEY, SIGNATURE)


def test_signature_by_an_older_key_counts_while_it_is_a_fallback(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one", [KEY]
    assert is_signed(b"evidence", PUBLIC_KEY, SIGNATURE)
    assert not is_signed(b"other evidence", PUBLIC_KEY, SIGNATURE)

    settings.SECRET_KEY_FALLBACKS = []

    assert not is_signed(b"evidence", PUBLIC_KEY, SIGNATURE)
