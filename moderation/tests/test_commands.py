"""The commands as an operator runs them, by the command line, outside of the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from focusmaster.tests.processes import PATIENCE_SECONDS, environment, manage

PASSWORD = "correct horse 1"
# Runs command lines one after the other, and says how each ended. Starting an
# interpreter for each would take longer than all else here.
ONE_BY_ONE = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from manage import main

ends = []
for line in json.load(sys.stdin):
    sys.argv, status, said = ["manage.py", *line], 0, io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
        except SystemExit as exc:
            status = exc.code
    ends.append([status, said.getvalue().strip()])
print(json.dumps(ends))
"""


def ends_of(state_dir: Path, *lines: list[str]) -> list[tuple[int, str]]:
    """Run `manage.py` with each of the lines; return their statuses and outputs."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE],
        input=json.dumps(lines),
        cwd=settings.BASE_DIR,
        env=environment(state_dir, ADMIN_PASSWORD=PASSWORD),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(end) for end in json.loads(done.stdout)]


def test_operator_runs_the_commands_and_reads_how_they_ended(migrated_dir, tmp_path):
    anchor = str(tmp_path / "anchor.json")

    ends = ends_of(
        migrated_dir,
        ["createadmin", "chief@example.com"],
        ["createadmin", "other@example.com"],
        ["ban", "chief@example.com", "--reason", "Spam"],
        ["demote", "chief@example.com"],
        ["ban", "chief@example.com", "--reason", "Spam"],
        ["unban", "chief@example.com"],
        ["promote", "chief@example.com"],
        ["verify_audit_log", "--anchor", anchor],
        ["archive_audit_log", "--to", str(tmp_path), "--dry-run"],
    )

    assert ends == [
        (0, "Created the admin chief@example.com."),
        (0, "Created the admin other@example.com."),
        (
            1,
            "CommandError: An admin cannot be banned or suspended. "
            "Take the role away first.",
        ),
        (0, "chief@example.com is no admin."),
        (0, "Banned: chief@example.com."),
        (0, "chief@example.com may come in."),
        (0, "chief@example.com is an admin."),
        (0, "Verified 6 audit entries."),
        (0, "Would move 0 audit entries."),
    ]
    Path(anchor).write_text("{}")
    done = manage(migrated_dir, "verify_audit_log", "--anchor", anchor)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"CommandError: {anchor} is no anchor."
