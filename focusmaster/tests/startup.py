"""Processes that start with an environment of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.conf import settings

STRONG_KEY = "k3y-of-many-different-characters-that-nobody-guesses"
PRODUCTION = {
    "DATABASE_URL": "postgresql://app:s3cret@db.example.com/focusmaster",
    "SECRET_KEY": STRONG_KEY,
    "ALLOWED_HOSTS": "focus.example.com",
}


def start(code: str, state_dir: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run Python code in a process whose environment has these variables alone."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={"STATE_DIR": str(state_dir), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def check(state_dir: Path, **variables: str) -> subprocess.CompletedProcess:
    code = "import sys, manage; sys.argv[1:] = ['check']; manage.main()"
    return start(code, state_dir, **variables)
