"""How passwords are hashed, and which ones are accepted."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password
from django.core.exceptions import ValidationError

from focusmaster.hashing import HASHING
from focusmaster.text import LONGEST_DECOMPOSITION, InvalidText, normalize

MIN_LENGTH = 8
MAX_LENGTH = 128
# Code points of a password that is typed decomposed.
MAX_TYPED = MAX_LENGTH * LONGEST_DECOMPOSITION


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: OWASP's Password Storage minimum.

    Django's default takes 100 MiB, with which a flood of sign-ins exhausts the memory.
    Both raise SignInsBusy where too many hashes are waited for.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the hash of the password in NFC."""
        normal = normalize(password)
        return HASHING.run(super().encode, normal, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return HASHING.run(super().verify, password, encoded)


def check_typed_password(
    typed: str, encoded: str, rehash: Callable[[str], object] | None = None
) -> bool:
    """Tell whether what was typed is the password of this hash.

    Compared in NFC, as passwords are hashed; then as it was typed, as they once were.
    `rehash` is called with the password where the hash is of that kind or cheaper than
    those of today. Takes as long for any hash.
    """
    try:
        normal = normalize(typed)
    except InvalidText:
        normal = typed
    if check_password(normal, encoded, rehash):
        return True
    if typed == normal or not check_password(typed, encoded):
        return False
    if rehash:
        rehash(normal)
    return True


class LengthValidator:
    def validate(self, password: str, user=None) -> None:
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return f"give {MIN_LENGTH} to {MAX_LENGTH} characters"


class LetterAndDigitValidator:
    def validate(self, password: str, user=None) -> None:
        has_letter = any(character.isalpha() for character in password)
        has_digit = any(character.isdigit() for character in password)
        if not (has_letter and has_digit):
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return "give at least one letter and one digit"
