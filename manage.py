#!/usr/bin/env python
"""FocusMaster's command line: `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one command.

    What the person at the terminal can put right, such as a wrong setting, a path, or
    a database that does not answer, is one clear line and exit status 1; `--traceback`
    shows where it came from. Ctrl-C is no fault, nor is output that nobody reads on.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
    # Without a standard stream, what goes there is lost.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells have it.
    except BrokenPipeError:
        discard_output()
        sys.exit(141)  # 128 + SIGPIPE


def run() -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error

    expected = ImproperlyConfigured, Error, OSError, EOFError, UnicodeError
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except expected as exc:
        if "--traceback" in sys.argv:
            raise
        from focusmaster.management.problems import problem

        discard_output()
        sys.exit(f"focusmaster: {problem(exc)}")


def discard_output() -> None:
    """Leave nothing for the interpreter to write at its end, where it might fail."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
