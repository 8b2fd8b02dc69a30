"""Keys that are derived from SECRET_KEY, and the encryption of stored secrets.

A new SECRET_KEY encrypts from then on. What an older one encrypted can be read as long
as that is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["InvalidToken", "decrypt", "derive_key", "encrypt", "secret_keys"]

KEY_BYTES = 32
PURPOSE = b"focusmaster.secrets"


def secret_keys() -> tuple[str, ...]:
    """Return SECRET_KEY, then the keys before it that still count."""
    return tuple(map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)))


def derive_key(purpose: bytes, key: str) -> bytes:
    """Return 32 bytes from one of the secret keys, by HKDF with SHA-256.

    Each purpose has a key of its own. A changed purpose loses what was stored before.
    """
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose)
    return kdf.derive(key.encode())


def encrypt(secret: bytes) -> bytes:
    return _cipher(secret_keys()).encrypt(secret)


def decrypt(encrypted: bytes) -> bytes:
    """Return the secret. Raises InvalidToken when none of the keys opens it."""
    return _cipher(secret_keys()).decrypt(encrypted)


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    derived = (urlsafe_b64encode(derive_key(PURPOSE, key)) for key in keys)
    return MultiFernet([Fernet(key) for key in derived])
