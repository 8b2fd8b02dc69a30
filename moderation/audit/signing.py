"""Signatures on what leaves the database as evidence: archives and anchors.

Ed25519, with a key made from SECRET_KEY: only this service can sign, and who has noted
its public key can check a file anywhere. What an older SECRET_KEY signed counts as long
as that is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32
# Tells this key from others that are made from SECRET_KEY.
PURPOSE = b"focusmaster.audit"


def sign(message: bytes) -> tuple[bytes, bytes]:
    """Return the public key and the signature."""
    key = _key_of(str(settings.SECRET_KEY))
    return key.public_key().public_bytes_raw(), key.sign(message)


def is_signed(message: bytes, public_key: bytes, signature: bytes) -> bool:
    """Tell whether this is our signature."""
    if public_key not in our_public_keys():
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def our_public_keys() -> list[bytes]:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [_key_of(str(secret)) for secret in secrets]
    return [key.public_key().public_bytes_raw() for key in keys]


@cache
def _key_of(secret: str) -> Ed25519PrivateKey:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return Ed25519PrivateKey.from_private_bytes(kdf.derive(secret.encode()))
