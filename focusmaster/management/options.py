"""What commands check of the options that they are given."""

from __future__ import annotations

from django.core.management.base import CommandError


def check_range(
    option: str, value: int, most: int, *, least: int = 1, style: str = ""
) -> None:
    """Raise CommandError unless the number is from `least` to `most`.

    The message formats `most` in the `style`, such as "," for groups of digits.
    """
    if not least <= value <= most:
        raise CommandError(f"{option} must be from {least} to {most:{style}}.")
