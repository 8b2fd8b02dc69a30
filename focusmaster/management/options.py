"""What commands check of the options that they are given."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.management.base import CommandError


def check_range(
    option: str, value: int, most: int, *, least: int = 1, style: str = ""
) -> None:
    """Raise CommandError unless the number is from `least` to `most`.

    The message formats `most` in the `style`, such as "," for groups of digits.
    """
    if not least <= value <= most:
        raise CommandError(f"{option} must be from {least} to {most:{style}}.")


def check_folder(option: str, path: Path) -> None:
    """Raise CommandError unless the folder is there and can be written to."""
    if not path.is_dir():
        raise CommandError(f"{option}: there is no folder {path}.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise CommandError(f"{option}: the folder {path} cannot be written to.")
