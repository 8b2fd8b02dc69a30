"""Run the service: check, migrate, then answer requests until told to stop.

Ctrl-C, SIGTERM and the end of the terminal end it with exit status 0, after the
requests under way. Two that start at once on one database migrate one after the other,
so the second finds nothing to do.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from datetime import timedelta
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from focusmaster.db.advisory_locks import AdvisoryLock, LockTimeout, advisory_lock
from focusmaster.db.migrations import read_migration_state
from focusmaster.management.commands.migrate import denial_explained
from focusmaster.management.options import check_range
from focusmaster.signals import worker_started

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from wsgiref.types import WSGIApplication

    from django.core.management.base import OutputWrapper

    from focusmaster.postgresql.base import DatabaseWrapper
    from focusmaster.postgresql.embedded import EmbeddedServer
    from focusmaster.rsgi import RSGIApplication

log = logging.getLogger("focusmaster.serve")

# Connections the kernel accepts for us while all threads are busy.
BACKLOG = 1024
# What requests get to finish in after a stop; container managers kill after 10 s.
STOP_SECONDS = 5
# A migration of millions of rows takes minutes.
MIGRATION_MINUTES = 15
# Idle threads end with their database connections. Granian's longest wait.
THREAD_IDLE_SECONDS = 600
# Errors of the server go the way of all log records; requests have their own.
LOGGING = {"loggers": {"_granian": {"propagate": True}}}


class Command(BaseCommand):
    help = "Prepare the database and answer requests."
    # Done below, where a stop is expected.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host",
            default=settings.HOST,
            help="Address to listen on (default: %(default)s).",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help="Port to listen on (default: %(default)s).",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WEB_CONCURRENCY,
            help="Worker processes (default: %(default)s).",
        )

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        check_range("--workers", workers, settings.MOST_WORKERS)
        check_range("--port", port, settings.MOST_PORT)
        # The embedded server makes room for the connections of all workers.
        settings.WEB_CONCURRENCY = workers
        # Until the workers run, a stop ends this process as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            address = free_address(host, port)
            self.check()
            migrate(self.stdout)
            warn_of_settings()
            self.announce(host, port)
            run_workers(address, port, workers)
        except KeyboardInterrupt:
            return
        except Error as exc:
            source = "" if embedded_server() else "DATABASE_URL: "
            raise CommandError(source + " ".join(str(exc).split())) from exc

    def announce(self, host: str, port: int) -> None:
        """Say what someone who just started the service wants to know."""
        name = f"[{host}]" if ":" in host else host
        local = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::1", "::") else name
        # As it can be typed here, whether or not the virtual environment is active.
        python = os.path.relpath(sys.executable)
        command = f"{python} {os.path.relpath(settings.BASE_DIR / 'manage.py')}"
        self.stdout.write(
            f"FocusMaster listens on http://{name}:{port} (Ctrl-C stops it)\n"
            f"  API page    http://{local}:{port}/api/docs\n"
            f"  Database    {database_place()}\n"
            f"  New admin   {command} createadmin EMAIL [--name NAME]"
        )
        # Seen at once in a pipe or a journal too.
        self.stdout.flush()


def warn_of_settings() -> None:
    """Log what works without being set, but not as a service for people should."""
    if not settings.CAN_SEND_MAIL:
        log.warning(
            "EMAIL_HOST is not set: no mail is sent. Codes for a new address, links "
            "for a new password and replies answer 503 mail_not_configured."
        )


def free_address(host: str, port: int) -> str:
    """Resolve `host`; raise CommandError if we cannot listen there.

    The workers share the port among themselves, and would share it with a stranger's
    worker or another `serve` as well: only this check refuses it.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # Connections closed a moment ago do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise CommandError(f"Cannot listen on {host}, port {port}: {reason}.") from exc
    return str(address[0])


def migrate(out: OutputWrapper) -> None:
    """Bring the database up to date, one process at a time."""

    def say_why(holder: str) -> None:
        out.write(
            f"Waiting for another start that migrates the database ({holder}), "
            f"for {MIGRATION_MINUTES} minutes at most ..."
        )
        out.flush()

    patience = timedelta(minutes=MIGRATION_MINUTES)
    try:
        lock = advisory_lock(AdvisoryLock.MIGRATE, timeout=patience, on_wait=say_why)
        with lock, denial_explained():
            state = read_migration_state()
            # An upgrade tells what it does; of a new database all is to be made.
            shown = 1 if state.pending and not state.is_new else 0
            call_command("migrate", interactive=False, verbosity=shown)
    except LockTimeout as exc:
        raise CommandError(
            "Another start has been migrating the database for "
            f"{MIGRATION_MINUTES} minutes: {exc}. Look at it, and start again once it "
            "is done."
        ) from exc
    finally:
        # Workers open connections of their own.
        connections.close_all()


def embedded_server() -> EmbeddedServer | None:
    return cast("DatabaseWrapper", connections["default"]).embedded


def database_place() -> str:
    database = connection.settings_dict
    if server := embedded_server():
        return f"{server.folder} (embedded PostgreSQL)"
    host = database["HOST"] or "the default socket"
    port = f", port {database['PORT']}" if database["PORT"] else ""
    place = f"{database['NAME']} on {host}{port}"
    wrapper = cast("DatabaseWrapper", connections["default"])
    return place if wrapper.prepares_statements else f"{place}, behind a pooler"


def run_workers(address: str, port: int, workers: int) -> None:
    """Keep the workers running until a signal; one that died is replaced."""
    # See `focusmaster.rsgi`.
    interface: dict[str, Any] = {"interface": Interfaces.RSGI}
    if not is_behind_proxy():
        interface = {
            "interface": Interfaces.WSGI,
            "blocking_threads": settings.WEB_THREADS,
            "blocking_threads_idle_timeout": THREAD_IDLE_SECONDS,
        }
    server = Granian(
        "focusmaster.wsgi:application",
        address=address,
        port=port,
        workers=workers,
        **interface,
        backlog=BACKLOG,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=LOGGING,
    )
    # Granian would reload on it and survive the terminal; `nohup` asks for just that.
    hangup = signal.getsignal(signal.SIGHUP)
    if hangup is not signal.SIG_IGN:
        hangup = server.signal_handler_interrupt
    server.on_startup(lambda: signal.signal(signal.SIGHUP, hangup))
    try:
        server.serve(target_loader=load_in_worker)
    except SystemExit as exc:
        # A signal to all our processes stops workers before the server tells them to,
        # which it takes for failures.
        if not server.interrupt_signal:
            raise CommandError(
                "Workers end right after their start; the reason is above."
            ) from exc


def is_behind_proxy() -> bool:
    """Tell whether headers of a proxy in front are believed."""
    return bool(settings.PROXY_COUNT or settings.SECURE_PROXY_SSL_HEADER)


def load_in_worker(target: str) -> WSGIApplication | RSGIApplication:
    """Prepare a worker process and return the application."""
    # The terminal sends Ctrl-C to workers too; they wait for their parent's word.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # Not the parent's handler, which a forked worker begins with.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()

    connections.settings["default"]["HAS_LIMITS"] = True

    from focusmaster.wsgi import application

    worker_started.send(None)
    if not is_behind_proxy():
        return application
    from focusmaster.rsgi import RSGIApplication

    return RSGIApplication(application, settings.WEB_THREADS)


def end_with_parent() -> None:
    """End this worker when its parent has been killed and cannot tell it to."""
    if parent := multiprocessing.parent_process():
        wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)
