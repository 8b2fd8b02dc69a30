#!/usr/bin/env python
"""FocusMaster's command line: `manage.py help` lists the commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run one command; a wrong setting is one clear line and exit status 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(f"focusmaster: {exc}")


if __name__ == "__main__":
    main()
