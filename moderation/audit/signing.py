"""Ed25519 signatures on what leaves the database as evidence: archives and anchors.

The key is derived from SECRET_KEY, so only this service can sign. The public key is
enough to check a file anywhere. A signature by an older SECRET_KEY counts as long as
that is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from focusmaster.encryption import derive_key, secret_keys

PURPOSE = b"focusmaster.audit"


def sign(message: bytes) -> tuple[bytes, bytes]:
    """Return the public key and the signature."""
    key = _private_key(secret_keys()[0])
    return key.public_key().public_bytes_raw(), key.sign(message)


def is_signed(message: bytes, public_key: bytes, signature: bytes) -> bool:
    """Tell whether this is a signature of ours on the message."""
    if public_key not in our_public_keys():
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def our_public_keys() -> list[bytes]:
    keys = map(_private_key, secret_keys())
    return [key.public_key().public_bytes_raw() for key in keys]


@cache
def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derive_key(PURPOSE, secret))
