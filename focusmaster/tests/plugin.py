"""pytest plugin: each run has a state folder, and so an embedded server, of its own.

Two runs at once do not meet, nothing of a developer's own data is touched, and what
the shell happens to export does not change a test: every variable that the settings
read is unset first. The folder goes when the run ends, after its server has stopped.

PG_BINDIR is kept, to test with other PostgreSQL programs. TEST_DATABASE_URL has the
tests use a server elsewhere, such as postgresql://me:secret@localhost/postgres; Django
makes its `test_` database there. Tests of the embedded server still start their own.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

FOCUSMASTER = Path(__file__).parent.parent
SETTINGS = [FOCUSMASTER / "settings.py", FOCUSMASTER / "retention.py"]
KEPT = {"PG_BINDIR"}
# A test's data need not survive a power failure.
FAST = "fsync=off,synchronous_commit=off,full_page_writes=off"


def is_worker() -> bool:
    """Tell whether this is a process of pytest-xdist, which inherits the variables."""
    return "PYTEST_XDIST_WORKER" in os.environ


def setting_variables() -> set[str]:
    """The names of the environment variables that the settings read."""
    reads = r'\benv\w*\(\s*"([A-Z0-9_]+)"|"([A-Z0-9_]+)" in os\.environ'
    text = "".join(path.read_text() for path in SETTINGS)
    found = re.findall(reads, text)
    return {name for pair in found for name in pair if name}


def adapt_settings() -> None:
    """Add the tests' `flush`, and follow TEST_DATABASE_URL.

    All other settings stay those of a local service.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "focusmaster.settings"
    from django.conf import settings

    settings.INSTALLED_APPS.append("focusmaster.tests.clearing")
    if url := os.environ.get("TEST_DATABASE_URL"):
        from focusmaster.environment import database_from_url

        elsewhere = {"EMBEDDED_DIR": None, **database_from_url(url)}
        settings.DATABASES["default"] |= elsewhere


def prepare() -> Path:
    """Return `prepared_state`, once this process or another has made it.

    The run's own server begins with a copy of it, too, if it has not begun yet.
    """
    from focusmaster.tests.processes import copy_state, manage

    run = Path(os.environ["STATE_DIR"])
    folder, draft, own = run / "prepared", run / "draft", run / "postgresql"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            done = manage(draft, "migrate")
            assert done.returncode == 0, done.stderr
            if not own.exists():
                copy_state(draft / "postgresql", run / "own")
                (run / "own").rename(own)
            draft.rename(folder)
    return folder


def prepare_early() -> None:
    # The first who needs it tries again, and tells what is wrong.
    with suppress(AssertionError, subprocess.SubprocessError):
        prepare()


PREPARING = threading.Thread(target=prepare_early)


# Before pytest-django loads the settings, which is in the same hook.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    if is_worker():
        adapt_settings()
        return (yield)
    for name in {"DJANGO_SETTINGS_MODULE", *setting_variables()} - KEPT:
        os.environ.pop(name, None)
    # Short, for the socket in it.
    folder = tempfile.mkdtemp(prefix="fm-")
    os.environ |= {"STATE_DIR": folder, "EMBEDDED_OPTIONS": FAST}
    try:
        adapt_settings()
        return (yield)
    except BaseException:
        # Then there is no run that could end.
        shutil.rmtree(folder)
        raise


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare while the workers start and look for tests."""
    if config.getoption("numprocesses", None) and not config.option.collectonly:
        PREPARING.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if is_worker():
        return
    if PREPARING.ident:
        PREPARING.join()
    from django.conf import settings
    from django.db import connections

    from focusmaster.postgresql.embedded import server_in

    connections.close_all()
    server = server_in(settings.STATE_DIR / "postgresql")
    server.join()
    server.leave()
    shutil.rmtree(settings.STATE_DIR)


@contextmanager
def empty_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=os.environ["STATE_DIR"], prefix="s"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """An empty state folder with a path short enough for a socket."""
    with empty_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def prepared_state() -> Path:
    """A state folder with a migrated database, to copy; made once in a run."""
    return prepare()


@pytest.fixture
def migrated_dir(prepared_state: Path, state_dir: Path) -> Path:
    """A state folder of one's own with a migrated database; quicker than making it."""
    from focusmaster.tests.processes import copy_state

    copy_state(prepared_state, state_dir)
    return state_dir


@pytest.fixture(scope="module")
def shared_dir(prepared_state: Path) -> Iterator[Path]:
    """The same for all tests of a module, whose service need not start for each."""
    from focusmaster.tests.processes import copy_state

    with empty_folder() as folder:
        copy_state(prepared_state, folder)
        yield folder
