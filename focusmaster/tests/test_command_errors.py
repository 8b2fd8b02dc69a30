"""Whatever a command is given, it ends with one clear line and without a traceback.

Walks all commands of ours and the options that each declares, so that a new one is
tried as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Action, ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser

from focusmaster.tests.processes import MANAGE, PATIENCE_SECONDS, environment
from focusmaster.tests.startup import PRODUCTION

ELSEWHERE = {**PRODUCTION, "DATABASE_URL": "postgresql://a@127.0.0.1:1/focusmaster"}
OURS = {
    name: load_command_class(app, name)
    for name, app in sorted(get_commands().items())
    if (settings.BASE_DIR / app).is_dir()
}
# What a command needs, besides the option that is tried.
NEEDED = {"email": "nobody@example.com", "emails": "nobody@example.com"}
NEEDED |= {"--reason": "x", "--to": "/tmp"}

NUMBERS = ["9" * 25, "-" + "9" * 25, "nan", "inf", "1e3", "0x10", "", "-1e-9"]
PATHS = ["/nonexistent/path", "/etc/passwd", "/etc/passwd/path"]
TEXTS = ["nobody@example.com", "\udcff", "x" * 5000, "\u202e", "%s%n{0}"]

# Runs command lines one after the other, for starting an interpreter takes long.
ONE_BY_ONE = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from manage import main

for line in json.load(sys.stdin):
    sys.argv, status, said = ["manage.py", *line], 0, io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
        except SystemExit as exc:
            status = exc.code
        except BaseException as exc:
            said.write(f"Traceback: {exc!r}")
    if isinstance(status, str):
        said.write(status)
        status = 1
    print(json.dumps([status, said.getvalue()]))
"""


def ends_of(
    state_dir: Path, lines: list[list[str]], **variables: str
) -> Iterator[tuple[list[str], int, str]]:
    """Run `manage.py` with each of the lines; yield it, its status and its output."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE],
        input=json.dumps(lines),
        cwd=settings.BASE_DIR,
        env=environment(state_dir, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    ends = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(ends) == len(lines)
    for line, (status, said) in zip(lines, ends, strict=True):
        yield line, status, said


def assert_clear(line: list[str], status: int, said: str) -> None:
    """Assert that the last line says what is wrong, and that there is no traceback."""
    assert status not in (0, None), line
    assert "Traceback" not in said, line
    last = said.strip().splitlines()[-1]
    name = f"manage.py {line[0]}: error: "
    assert last.startswith(("CommandError: ", "focusmaster: ", name)), (line, said)


class Recorder(ArgumentParser):
    """A parser that knows what was added to it."""

    def __init__(self) -> None:
        self.added: list[Action] = []
        super().__init__(add_help=False)

    def add_argument(self, *args: Any, **options: Any) -> Action:
        action = super().add_argument(*args, **options)
        self.added.append(action)
        return action


def own_options(command: BaseCommand) -> list[Action]:
    """Return the options and arguments of a command that take a value."""
    recorder = Recorder()
    command.add_arguments(cast("CommandParser", recorder))
    return [action for action in recorder.added if action.nargs != 0]


def needed(command: BaseCommand, but: str = "") -> list[str]:
    """Return what the command needs to run at all, but for one option."""
    arguments = []
    for action in own_options(command):
        if action.required and action.dest != but:
            option = action.option_strings[:1]
            arguments += [*option, NEEDED[option[0] if option else action.dest]]
    return arguments


def absurd_lines() -> Iterator[list[str]]:
    values = {int: NUMBERS, Path: PATHS, None: TEXTS}
    for name, command in OURS.items():
        for action in own_options(command):
            rest = needed(command, action.dest)
            for value in values[action.type]:
                # A value that begins with a dash must not look like an option.
                option = action.option_strings[:1]
                given = [f"{option[0]}={value}"] if option else [value]
                yield [name, *given, *rest]


def test_absurd_value_of_any_option_is_one_clear_line(migrated_dir):
    lines = list(absurd_lines())

    for end in ends_of(migrated_dir, lines):
        assert_clear(*end)

    assert {line[0] for line in lines} >= {"serve", "seed_demo", "ban", "run_fakes"}


# Without what a command works on


def test_unreachable_database_is_one_clear_line_for_every_command(state_dir):
    without = {"run_fakes", "check_integrations"}
    lines = [[name, *needed(OURS[name])] for name in OURS if name not in without]

    ends = ends_of(state_dir, lines, **ELSEWHERE, ADMIN_PASSWORD="analytical-1843")
    for end in ends:
        assert_clear(*end)


def test_empty_database_is_one_clear_line_for_every_command(state_dir):
    makes_or_needs_none = {"run_fakes", "check_integrations", "migrate", "serve"}
    lines = [
        [name, *needed(OURS[name])] for name in OURS if name not in makes_or_needs_none
    ]

    ends = ends_of(state_dir, lines, ADMIN_PASSWORD="analytical-1843")
    for end in ends:
        assert_clear(*end)


@pytest.mark.parametrize(
    "line",
    [
        ["createsuperuser", "--noinput"],
        ["createsuperuser", "--noinput", "--email", "a@example.com", "--name", "A"],
        ["createsuperuser"],
        ["createadmin", "a@example.com"],
        ["changepassword", "nobody@example.com"],
        ["spectacular", "--file", "/nonexistent/file"],
        ["dumpdata", "-o", "/nonexistent/file"],
        ["loaddata", "/nonexistent/file"],
        ["verify_audit_log", "--anchor", "/"],
        ["verify_audit_log", "--archives", "/nonexistent"],
    ],
)
def test_commands_end_with_a_clear_line(migrated_dir, line):
    done = subprocess.run(
        [*MANAGE, *line],
        env=environment(migrated_dir),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        start_new_session=True,  # No terminal to ask.
    )

    assert_clear(line, done.returncode, done.stderr)
    [_] = done.stderr.strip().splitlines()


# Output that goes nowhere


def test_full_disk_is_one_clear_line(state_dir):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*MANAGE, "help"],
            env=environment(state_dir),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (done.returncode, done.stderr) == (
        1,
        "focusmaster: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("command", "status"),
    [("{} help | head -0", 141), ("{} help >&-", 0), ("{} help 2>&- >&-", 0)],
)
def test_output_that_nobody_reads_ends_quietly(state_dir, command, status):
    shell = f"{command.format(' '.join(MANAGE))}; exit ${{PIPESTATUS[0]}}"

    done = subprocess.run(
        ["bash", "-c", shell],
        env=environment(state_dir),
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_traceback_is_there_for_who_asks_for_it(state_dir):
    [end] = ends_of(state_dir, [["prune", "--traceback"]], **ELSEWHERE)

    assert "Traceback: OperationalError" in end[2]
