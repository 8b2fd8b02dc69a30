"""The commands as an operator runs them: in processes of their own."""

from __future__ import annotations

from pathlib import Path

from focusmaster.tests.processes import manage

PASSWORD = "correct horse 1"


def test_operator_runs_the_commands_and_reads_how_they_ended(migrated_dir, tmp_path):
    def run(*arguments: str) -> tuple[int, str]:
        done = manage(migrated_dir, *arguments, ADMIN_PASSWORD=PASSWORD)
        return done.returncode, (done.stdout + done.stderr).strip()

    anchor = str(tmp_path / "anchor.json")

    ends = [
        run("createadmin", "chief@example.com"),
        run("createadmin", "other@example.com"),
        run("ban", "chief@example.com", "--reason", "Spam"),
        run("demote", "chief@example.com"),
        run("ban", "chief@example.com", "--reason", "Spam"),
        run("unban", "chief@example.com"),
        run("promote", "chief@example.com"),
        run("verify_audit_log", "--anchor", anchor),
        run("archive_audit_log", "--to", str(tmp_path), "--dry-run"),
    ]

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
    assert run("verify_audit_log", "--anchor", anchor) == (
        1,
        f"CommandError: {anchor} is no anchor.",
    )
