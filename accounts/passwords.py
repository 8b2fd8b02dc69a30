"""How passwords are hashed and which ones are taken."""

from __future__ import annotations

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError

MIN_LENGTH = 8
MAX_LENGTH = 128

# Hashes that one worker process computes at a time. Each takes `memory_cost`, and more
# at once than the processor has cores only makes every one of them slower.
CONCURRENT_HASHES = threading.BoundedSemaphore(2)


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: OWASP's Password Storage minimum.

    Django's default takes 100 MiB, with which a flood of sign-ins exhausts the memory.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with CONCURRENT_HASHES:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with CONCURRENT_HASHES:
            return super().verify(password, encoded)


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
