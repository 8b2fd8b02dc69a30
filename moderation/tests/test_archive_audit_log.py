"""Entries that move to signed files, and what `verify_audit_log` makes of the files."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from moderation.models import AuditArchive, AuditEntry
from moderation.tests.audit_log import (
    OLD,
    archive,
    broken,
    note,
    rehash,
    tamper,
    verify,
)

pytestmark = pytest.mark.usefixtures("db")


def test_old_entries_move_to_a_signed_file_and_the_chain_goes_on(tmp_path, capsys):
    for number in range(3):
        note(f"Old {number}", at=OLD, reason="Alice shouted")
    note("Young")

    archive(tmp_path)

    (file,) = tmp_path.iterdir()
    assert capsys.readouterr().out == f"Moved 3 audit entries to {file}.\n"
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(f"Old {number}" in text for number in range(3))
    assert "Young" not in text
    assert "Alice" not in text
    young, moved = AuditEntry.objects.order_by("position")
    assert (young.details, moved.action) == ("Young", "log.archived")
    assert moved.metadata == {"file": file.name, "entries": 3}
    verify("--archives", str(tmp_path))
    assert capsys.readouterr().out == (
        "Verified 1 archive(s).\nVerified 2 audit entries.\n"
    )


def test_second_archive_goes_on_from_the_first(tmp_path):
    for _ in range(2):
        note(at=OLD)
        archive(tmp_path, "--older-than-days", "30")
        tamper(f"UPDATE moderation_auditentry SET created_at = '{OLD}'")
        rehash(bytes(AuditArchive.objects.latest("last_position").last_hash))

    archive(tmp_path)

    verify("--archives", str(tmp_path))
    assert AuditArchive.objects.count() == 3


def test_dry_run_moves_nothing(tmp_path, capsys):
    note(at=OLD)

    archive(tmp_path, "--dry-run")

    assert capsys.readouterr().out.startswith("Would move 1 audit entries to ")
    assert list(tmp_path.iterdir()) == []
    assert AuditEntry.objects.count() == 1


def test_run_that_finds_nothing_old_writes_nothing(tmp_path, capsys):
    note(at=timezone.now() - timedelta(days=364))

    archive(tmp_path)

    assert capsys.readouterr().out == "Moved 0 audit entries.\n"
    assert list(tmp_path.iterdir()) == []


def test_old_entry_after_a_younger_one_waits_for_it(tmp_path):
    note("Old", at=OLD)
    note("Young")
    note("Old again", at=OLD)

    archive(tmp_path)

    left = AuditEntry.objects.order_by("position").values_list("details", flat=True)
    assert list(left)[:2] == ["Young", "Old again"]


def test_broken_chain_is_not_archived(tmp_path):
    for _ in range(2):
        note(at=OLD)
    tamper("UPDATE moderation_auditentry SET details = 'x' WHERE position = 2")

    with pytest.raises(CommandError, match=r"Nothing was moved. Entry 2 was changed"):
        archive(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert AuditEntry.objects.count() == 2
    assert not AuditArchive.objects.exists()


def test_folder_that_is_not_there_is_one_clear_line(tmp_path):
    note(at=OLD)

    with pytest.raises(CommandError, match="--to: there is no folder"):
        archive(tmp_path / "nowhere")

    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_wrong_folder_shows_while_there_is_nothing_to_move(db, tmp_path, options):
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="--to: there is no folder"):
        archive(tmp_path / "file", *options)


def test_young_entries_cannot_be_archived(tmp_path):
    with pytest.raises(CommandError, match="must be from 30 to 36500"):
        archive(tmp_path, "--older-than-days", "29")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("Old 1", "New 1"), "Entry 2 was changed"),
        (lambda text: text.replace('"first":1', '"first":2'), "not as it was signed"),
        (lambda text: text[: text.rindex("{")], "not as it was signed"),
        (lambda text: text + "{}\n", "not as it was signed"),
        (lambda text: "", "not as it was signed"),
        (lambda text: text.partition("\n")[0] + "\nx", "a line that is no"),
    ],
)
def test_archive_that_was_tampered_with_is_found(tmp_path, change, message):
    for number in range(3):
        note(f"Old {number}", at=OLD)
    archive(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(change(file.read_text()))

    with broken(message):
        verify("--archives", str(tmp_path))


def test_archive_that_is_gone_is_named(tmp_path):
    note(at=OLD)
    archive(tmp_path)
    (file,) = tmp_path.iterdir()
    file.unlink()

    with broken(f"The archive {file} is missing"):
        verify("--archives", str(tmp_path))


def test_archive_signed_with_a_former_key_counts(tmp_path, settings):
    note(at=OLD)
    archive(tmp_path)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another" * 10

    with broken("not as it was signed"):
        verify("--archives", str(tmp_path))
    settings.SECRET_KEY_FALLBACKS = [former]
    verify("--archives", str(tmp_path))


def test_anchor_that_has_moved_to_an_archive_is_found_there(tmp_path):
    anchor, folder = tmp_path / "anchor.json", tmp_path / "archives"
    folder.mkdir()
    for _ in range(2):
        note(at=OLD)
        if not anchor.exists():
            verify("--anchor", str(anchor))
    archive(folder)

    with broken("Give --archives to look for it there"):
        verify("--anchor", str(anchor))
    verify("--anchor", str(anchor), "--archives", str(folder))

    assert json.loads(anchor.read_bytes())["position"] == 3
