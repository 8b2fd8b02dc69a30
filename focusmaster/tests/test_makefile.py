"""`make serve` on a machine where the first try does not make it to the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

# What `python -m venv` leaves where Python has no ensurepip.
WITHOUT_ENSUREPIP = f"""#!/bin/sh
[ "$2" = venv ] || exec {sys.executable} "$@"
{sys.executable} -m venv --without-pip .venv
echo "ensurepip is not available" >&2
exit 1
"""
OLD = f"""#!/bin/sh
[ "$1" = -c ] || exec {sys.executable} "$@"
exec {sys.executable} -c "import sys; sys.version_info = (3, 9); $2"
"""


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout that needs no packages, and says what it was asked to do."""
    shutil.copy(settings.BASE_DIR / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "manage.py").write_text("import sys; print(*sys.argv[1:])")
    return tmp_path


def make_serve(checkout: Path, python: str = sys.executable):
    # `make test` runs these and tells its children so.
    others = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", "serve", f"PYTHON={python}"],
        cwd=checkout,
        env=others,
        capture_output=True,
        text=True,
        timeout=120,
    )


def script(checkout: Path, text: str) -> str:
    path = checkout / "python"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_environment_without_pip_is_made_anew_at_the_next_try(checkout):
    failed = make_serve(checkout, script(checkout, WITHOUT_ENSUREPIP))

    served = make_serve(checkout)

    assert failed.returncode != 0
    assert "ensurepip is not available" in failed.stderr
    assert (checkout / ".venv" / "bin" / "pip").exists()
    assert (served.returncode, served.stderr) == (0, "")
    assert served.stdout.splitlines()[-1] == "serve"


def test_interrupted_installation_is_made_anew_and_a_whole_one_is_kept(checkout):
    venv = checkout / ".venv"
    (checkout / "requirements.txt").write_text("no-such-package-of-ours==1 \\\n")
    failed = make_serve(checkout)
    half_written = venv / "half-written"
    half_written.touch()
    (checkout / "requirements.txt").write_text("")

    served = make_serve(checkout)

    assert failed.returncode != 0
    assert not (venv / "unfinished").exists()
    assert not half_written.exists()
    half_written.touch()
    again = make_serve(checkout)
    assert (served.returncode, again.returncode) == (0, 0)
    assert again.stdout == "serve\n"
    assert half_written.exists()


def test_old_python_is_one_clear_line_and_harms_nothing(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "unfinished").touch()

    failed = make_serve(checkout, script(checkout, OLD))

    assert failed.returncode != 0
    assert failed.stderr.startswith("FocusMaster needs Python 3.11 or newer")
    assert [path.name for path in (checkout / ".venv").iterdir()] == ["unfinished"]
