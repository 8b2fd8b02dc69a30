"""Files that are written as a whole or not at all, even in a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Read and written by the owner alone.
PRIVATE = 0o600


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file to write; it gets its name once all of it is on the disk."""
    draft = path.with_name(f"{path.name}.new")
    try:
        with open(draft, "wb", opener=_private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _sync_folder(folder: Path) -> None:
    """Write the name of the file to the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
