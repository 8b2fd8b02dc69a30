#!/usr/bin/env python
"""FocusMaster's command line: `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one command.

    What the person at the terminal can put right, a wrong setting or a database that
    does not answer, is one clear line and exit status 1. Ctrl-C is no fault.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import OperationalError

        try:
            execute_from_command_line(sys.argv)
        except (ImproperlyConfigured, OperationalError) as exc:
            sys.exit(f"focusmaster: {str(exc).strip()}")
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells have it.


if __name__ == "__main__":
    main()
