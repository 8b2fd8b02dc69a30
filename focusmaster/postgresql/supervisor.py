"""Make, start and stop the embedded PostgreSQL server; see `embedded.py` for the plan.

Run as a process of its own, with nothing but the standard library:

    supervisor.py FOLDER PROGRAMS LOCK [NAME=VALUE ...]

LOCK is the descriptor of the locked `server.lock`. The command returns when the server
takes connections, with nothing on stderr, or with one line there that says why it does
not. A detached child stays behind, the server's parent until the last user has gone.

The server refuses to run as root. Root's child becomes the user who owns the folder or,
if that is root too, `postgres` or `nobody`; only the data folder is given to that user.
No other folder is opened: the data is reached by a descriptor that root opened, and
programs under a closed folder such as /root are copied to where everyone may run them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROLE = DATABASE = "focusmaster"
# It only names the socket; no TCP port is opened.
PORT = "5432"
OLDEST_MAJOR = 15
LOG_BYTES_KEPT = 10 * 2**20
# Where root keeps programs that the server's user cannot reach where they are.
PROGRAMS_CACHE = Path("/var/cache/focusmaster")
# Names a folder by its descriptor, for who may not pass the folders above it.
DESCRIPTORS = Path("/proc/self/fd")
PR_SET_PDEATHSIG = 1

SETTINGS = [
    "listen_addresses=",
    f"port={PORT}",
    # Relative to the data folder, so that no path is too long for a socket.
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
    "cluster_name=focusmaster",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_buffers=128MB",
    "huge_pages=off",
    # Compiling a plan takes longer than any of our queries.
    "jit=off",
    # Fewer idle processes: nothing is replicated.
    "max_logical_replication_workers=0",
    "logging_collector=off",
    "log_destination=stderr",
    "log_line_prefix=%m [%p] ",
    "log_checkpoints=off",
    # Failed statements quote personal data, and the service reports its own errors.
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
]
# Reads without helper processes.
SETTINGS_FROM_18 = ["io_method=sync"]


class Refusal(Exception):
    """Why the server cannot run, in one line for the person at the terminal."""


class Cluster:
    """The server's data with the programs and the user that run it."""

    def __init__(self, folder: Path, programs: Path, lock: int, options: list[str]):
        self.folder, self.data = folder, folder / "data"
        self.options = options
        # The lock stays locked while any of the server's processes lives.
        self.inherited = [lock]
        self.account = server_account(self.data if self.data.exists() else folder)
        self.programs = reachable(programs, self.account)
        self.major = self.programs_major()
        self.log = open_log(folder / "log")

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, on data made before if need be; wait until it serves."""
        if not self.data.exists():
            self.make_data()
        self.check_data()
        place = self.enter(self.data)
        clear_remains_of_killed_server()
        log_start = os.fstat(self.log).st_size
        settings = SETTINGS + (SETTINGS_FROM_18 if self.major >= 18 else [])
        flags = [f"--{setting}" for setting in [*settings, *self.options]]
        server: subprocess.Popen[bytes] = subprocess.Popen(
            [self.programs / "postgres", "-D", place, *flags],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=stop_when_parent_dies,
            **self.child_arguments(),
        )
        while not is_ready():
            if server.poll() is not None:
                raise Refusal(self.complaint(log_start).replace(place, str(self.data)))
            time.sleep(0.01)
        return server

    def make_data(self) -> None:
        """Make the cluster under another name: `data` is there whole or not at all."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account:
            owner = self.account["user"], self.account["group"]
            os.chown(fresh, *owner, follow_symlinks=False)
        place = self.enter(fresh)
        locale = ["--locale=C.UTF-8"]
        if self.major >= 17:
            # The same order and case rules on every system.
            builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            locale = [*builtin, "--locale=C"]
        sync = ["--no-sync"] if "fsync=off" in self.options else []
        kind = ["--username", ROLE, "--auth", "trust", "--encoding", "UTF8", *locale]
        self.run("initdb", "-D", place, *kind, *sync)
        single = ["--single", "-D", place, "postgres"]
        self.run("postgres", *single, text=f"CREATE DATABASE {DATABASE}\n")
        os.chdir(self.folder)
        fresh.rename(self.data)
        # Or a power failure could take the name back from data written since.
        descriptor = os.open(self.folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def check_data(self) -> None:
        """Refuse, untouched, data that this server cannot use."""
        try:
            major = (self.data / "PG_VERSION").read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            raise Refusal(
                f"{self.data} holds no PostgreSQL data. Move it away, or set STATE_DIR "
                "to another folder."
            ) from None
        if major != str(self.major):
            raise Refusal(
                f"The data in {self.data} was made by PostgreSQL {major}, but "
                f"{self.programs} is version {self.major}. Set PG_BINDIR to the "
                f"programs of version {major}, save the data with its pg_dump, move "
                "the folder away and restore into a new one."
            )
        if self.account and self.data.stat().st_uid == 0:
            raise Refusal(
                f"{self.data} belongs to root, for whom PostgreSQL does not run: "
                f"chown -R {self.account['user']} {self.data}"
            )

    def programs_major(self) -> int:
        version = self.run("postgres", "--version")
        major = int(re.findall(r"\d+", version)[0])
        if major < OLDEST_MAJOR:
            raise Refusal(
                f"{self.programs} is PostgreSQL {major}; {OLDEST_MAJOR} or later is "
                "needed. Set PG_BINDIR to newer programs."
            )
        return major

    def run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run one of the programs to its end; return what it said."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [self.programs / program, *arguments],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **self.child_arguments(),
        )
        # The single-user server ends well even after a failed statement.
        if done.returncode or "ERROR:" in done.stdout:
            raise Refusal(f"PostgreSQL's {program} failed: {last_line(done.stdout)}")
        return done.stdout

    def child_arguments(self) -> dict[str, Any]:
        """Popen's arguments for every child: its user and its surroundings."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        # A folder that everyone can come back to, which some programs insist on.
        place = {"env": environment, "cwd": "/"}
        return {"pass_fds": self.inherited, **place, **self.account}

    def enter(self, folder: Path) -> str:
        """Make it the current folder; return its name for the server's user."""
        os.chdir(folder)
        if not self.account or not DESCRIPTORS.exists():
            return str(folder)
        descriptor = os.open(folder, os.O_RDONLY)
        self.inherited.append(descriptor)
        return str(DESCRIPTORS / str(descriptor))

    def complaint(self, log_start: int) -> str:
        with open(self.folder / "log", errors="replace") as log:
            log.seek(log_start)
            said = log.read()
        fatal = re.findall(r"(?:FATAL|PANIC):\s+(.+)", said)
        reason = fatal[-1] if fatal else " ".join(said.split())
        return (
            f"The embedded PostgreSQL server cannot start on {self.data}: {reason} "
            f"(see {self.folder / 'log'})."
        )


def server_account(path: Path) -> dict[str, Any]:
    """Popen's arguments for the user that runs the server; none unless we are root."""
    if os.geteuid() != 0:
        return {}
    owner = path.stat()
    uid, gid = owner.st_uid, owner.st_gid
    if uid == 0:
        uid, gid = unprivileged_user()
    return {"user": uid, "group": gid, "extra_groups": []}


def unprivileged_user() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise Refusal(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or "
        "`nobody` to run it. Start FocusMaster as another user."
    )


def reachable(programs: Path, account: dict[str, Any]) -> Path:
    """Return `programs`, or a copy if the server's user cannot run them there."""
    if not account or can_run(programs, account):
        return programs
    file = (programs / "postgres").stat()
    mark = f"{programs} {file.st_size} {file.st_mtime_ns} {file.st_ino}"
    copy = PROGRAMS_CACHE / hashlib.sha256(mark.encode()).hexdigest()[:16]
    if not copy.exists():
        copy_programs(programs.parent, copy)
    copied = copy.joinpath(*programs.parts[-3:])
    if not can_run(copied, account):
        raise Refusal(
            f"User {account['user']}, who is to run the server, cannot run the "
            f"programs in {programs} nor their copy in {copied}."
        )
    return copied


def can_run(programs: Path, account: dict[str, Any]) -> bool:
    # Unlike the server it needs the libraries that come with it.
    command = [str(programs / "initdb"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, cwd="/", **account)
    except PermissionError:
        return False
    return done.returncode == 0


def copy_programs(installation: Path, copy: Path) -> None:
    """Copy what the server needs, for everyone to read and run.

    The wheel keeps libraries beside its package, where the programs look for them:
    PACKAGE/INSTALLATION/bin and PACKAGE.libs. The copy has the same layout.
    """
    PROGRAMS_CACHE.mkdir(parents=True, exist_ok=True)
    PROGRAMS_CACHE.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=PROGRAMS_CACHE))
    package = installation.parent
    parts = [installation / name for name in ("bin", "lib", "share")]
    for part in [*parts, package.with_name(f"{package.name}.libs")]:
        if part.exists():
            shutil.copytree(
                part,
                draft / part.relative_to(package.parent),
                ignore=shutil.ignore_patterns("*.a", "pgxs"),
                copy_function=copy_readable,
            )
    for folder in [draft, *draft.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o755)
    try:
        draft.rename(copy)
    except OSError:
        # Another folder's server was quicker with the same copy.
        shutil.rmtree(draft)


def copy_readable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    os.chmod(target, 0o755)


def open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
        path.replace(path.with_name("log.old"))
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log = os.open(path, flags, 0o600)
    if os.geteuid() == 0:
        # The folder's owner may be the next to start the server.
        owner = path.parent.stat()
        os.fchown(log, owner.st_uid, owner.st_gid)
    return log


def clear_remains_of_killed_server() -> None:
    """Remove the files by which a server would take a stranger for its predecessor.

    They hold process ids, which others use after a restart. Our locks say that no
    server of ours is alive; one that was started by hand still answers.
    """
    try:
        lines = Path("postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    # Its 4th and 5th line are the port and the folder of the socket.
    if len(lines) > 4 and answers(os.path.join(lines[4], f".s.PGSQL.{lines[3]}")):
        raise Refusal(
            f"A PostgreSQL server that FocusMaster did not start runs on {Path.cwd()}: "
            "stop it."
        )
    for name in ("postmaster.pid", f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        Path(name).unlink(missing_ok=True)


def answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(address)
        except OSError:
            return False
    return True


def is_ready() -> bool:
    """Tell whether the server, our child, says on the last line of its file."""
    try:
        lines = Path("postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def stop_when_parent_dies() -> None:
    """Have Linux stop the server, the ordinary way, if the supervisor is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def last_line(text: str) -> str:
    lines = [
        line for line in text.splitlines() if re.search("error|fatal|panic", line, re.I)
    ]
    return lines[-1] if lines else "no reason given"


def stop_when_unused(users: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until no user is left; the lock then keeps new ones out until we end."""
    fcntl.flock(users, fcntl.LOCK_EX)
    # "Fast" shutdown: it does not wait for clients.
    server.send_signal(signal.SIGINT)


def main(folder: str, programs: str, lock: str, *options: str) -> None:
    if os.fork():
        # To be nobody's child: no user has to collect our exit status.
        os._exit(0)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        # Users decide when the server stops. A handler, since "ignore" is inherited.
        signal.signal(number, lambda *_: None)
    os.umask(0o077)
    try:
        cluster = Cluster(Path(folder), Path(programs), int(lock), list(options))
        users = os.open(cluster.folder / "users.lock", os.O_RDWR)
        server = cluster.start()
    except Refusal as exc:
        sys.exit(str(exc))
    except OSError as exc:
        sys.exit(f"The embedded PostgreSQL server in {folder} cannot start: {exc}.")
    # The end of our stderr tells the starter that the server is ready.
    os.dup2(cluster.log, 2)
    threading.Thread(target=stop_when_unused, args=(users, server), daemon=True).start()
    server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
