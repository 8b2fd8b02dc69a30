"""Secrets at rest: what the database keeps encrypted.

The keys are made from SECRET_KEY. A new one encrypts from then on; what an older one
encrypted can be read as long as that is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["InvalidToken", "decrypt", "encrypt"]

KEY_BYTES = 32
# Tells these keys from others that are made from SECRET_KEY.
PURPOSE = b"focusmaster.secrets"


def encrypt(secret: bytes) -> bytes:
    return _cipher().encrypt(secret)


def decrypt(encrypted: bytes) -> bytes:
    """Return the secret; InvalidToken when none of the keys is the one it needs."""
    return _cipher().decrypt(encrypted)


def _cipher() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return _cipher_of(tuple(str(key) for key in keys))


@cache
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return urlsafe_b64encode(kdf.derive(key.encode()))
