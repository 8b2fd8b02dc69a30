"""Tampering that the guards could not prevent, found by `verify_audit_log`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from focusmaster.tests.people import client_of
from moderation.actors import Actor
from moderation.models import AuditArchive, AuditEntry

pytestmark = pytest.mark.usefixtures("db")

TABLES = ["entry", "particulars", "archive"]
OLD = timezone.now() - timedelta(days=400)


def note(details: str = "Banned", **fields) -> AuditEntry:
    by = fields.pop("by", Actor(None, "root"))
    return AuditEntry.objects.record("user.banned", by=by, details=details, **fields)


def tamper(sql: str) -> None:
    """Run SQL as the owner of the tables who has taken the guards away."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for how in ("DISABLE", "ENABLE"):
            for table in TABLES:
                cursor.execute(f"ALTER TABLE moderation_audit{table} {how} TRIGGER ALL")
            if how == "DISABLE":
                cursor.execute(sql)


@contextmanager
def broken(message: str):
    with pytest.raises(CommandError, match=message) as caught:
        yield
    assert caught.value.returncode == 1


def verify(*arguments: str) -> None:
    call_command("verify_audit_log", *arguments)


def test_log_that_nobody_touched_is_verified(capsys):
    for number in range(3):
        note(f"Entry {number}", metadata={"b": [1, 2.5, "ü"], "aa": None}, reason="x")

    verify()

    assert capsys.readouterr().out == "Verified 3 audit entries.\n"


def test_empty_log_is_verified(capsys):
    verify()

    assert capsys.readouterr().out == "Verified 0 audit entries.\n"


@pytest.mark.parametrize(
    "change",
    [
        "details = 'Nothing'",
        "action = 'user.unbanned'",
        "actor_id = NULL",
        "target_id = NULL",
        "metadata = '{}'",
        "created_at = created_at + interval '1 millisecond'",
        "id = '\\x000000000000000000000000'",
        "hash = '\\x00'",
        "actor_digest = NULL",
    ],
)
def test_entry_that_was_changed_is_named(alice, change):
    for _ in range(4):
        note(by=Actor(alice.pk, "Alice"), target_id=alice.pk, metadata={"n": 1})

    tamper(f"UPDATE moderation_auditentry SET {change} WHERE position = 2")

    with broken("^(Entry|Particulars of entry) 2 "):
        verify()


def test_first_of_many_changes_is_named():
    for _ in range(5):
        note()
    tamper("UPDATE moderation_auditentry SET details = 'x' WHERE position IN (3, 5)")

    with broken("^Entry 3 was changed"):
        verify()


@pytest.mark.parametrize("position", [1, 2])
def test_entry_that_was_removed_is_named(position):
    for _ in range(3):
        note()
    tamper(
        f"DELETE FROM moderation_auditparticulars USING moderation_auditentry AS e "
        f"WHERE e.id = entry_id AND e.position = {position};"
        f"DELETE FROM moderation_auditentry WHERE position = {position}"
    )

    with broken(f"^Entry {position} is missing"):
        verify()


def rewrite(position: int, details: str) -> None:
    """Change an entry and make all hashes from it on fit."""
    tamper(
        f"UPDATE moderation_auditentry SET details = '{details}' "
        f"WHERE position = {position};"
        "DO $$ DECLARE e moderation_auditentry; last bytea := ''; BEGIN "
        "FOR e IN SELECT * FROM moderation_auditentry ORDER BY position LOOP "
        "e.previous_hash := last; "
        "last := sha256(convert_to(moderation_auditentry_text(e), 'UTF8')); "
        "UPDATE moderation_auditentry SET previous_hash = e.previous_hash, hash = last "
        "WHERE position = e.position; END LOOP; END $$"
    )


def test_chain_that_was_made_anew_is_found_by_its_anchor(tmp_path, capsys):
    anchor = tmp_path / "anchor.json"
    for _ in range(3):
        note()
    verify("--anchor", str(anchor))
    note()

    rewrite(2, "Nothing")

    verify()
    with broken("^Entry 3 is not the one of the anchor: the log was rewritten"):
        verify("--anchor", str(anchor))
    assert json.loads(anchor.read_bytes())["position"] == 3


def test_end_that_was_cut_off_is_found_by_the_anchor(tmp_path):
    anchor = tmp_path / "anchor.json"
    for _ in range(3):
        note()
    verify("--anchor", str(anchor))
    tamper(
        "DELETE FROM moderation_auditparticulars USING moderation_auditentry AS e "
        "WHERE e.id = entry_id AND e.position > 1;"
        "DELETE FROM moderation_auditentry WHERE position > 1"
    )

    with broken("^Entry 2 is missing: the anchor knows 3"):
        verify("--anchor", str(anchor))


def test_anchor_moves_on_with_the_log(tmp_path):
    anchor = tmp_path / "anchor.json"
    for _ in range(2):
        note()
        verify("--anchor", str(anchor))

    kept = json.loads(anchor.read_bytes())
    last = AuditEntry.objects.order_by("position").last()
    assert (kept["position"], kept["hash"]) == (2, bytes(last.hash).hex())
    assert anchor.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no anchor"),
        ("[]", "is no anchor"),
        ('{"position": 1, "hash": "00"}', "is no anchor"),
    ],
)
def test_file_that_is_no_anchor_is_not_overwritten(tmp_path, text, message):
    anchor = tmp_path / "anchor.json"
    anchor.write_text(text)

    with broken(message):
        verify("--anchor", str(anchor))

    assert anchor.read_text() == text


def test_anchor_that_was_forged_is_refused(tmp_path):
    anchor = tmp_path / "anchor.json"
    note()
    verify("--anchor", str(anchor))
    facts = json.loads(anchor.read_bytes())
    anchor.write_text(json.dumps(facts | {"position": 0}))

    with broken("The signature of the anchor"):
        verify("--anchor", str(anchor))


def test_anchor_in_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        verify("--anchor", str(tmp_path / "nowhere" / "anchor.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "UPDATE moderation_auditparticulars SET text = '{}' WHERE part = 'actor'",
            "Particulars of entry 1 were changed",
        ),
        (
            "UPDATE moderation_auditparticulars SET text = '{}' WHERE part = 'target'",
            "Particulars of entry 1 were changed",
        ),
        (
            "DELETE FROM moderation_auditparticulars WHERE part = 'actor'",
            "Particulars of entry 1 were removed",
        ),
        (
            "DELETE FROM moderation_auditparticulars WHERE part = 'target'",
            "Particulars of entry 1 were removed",
        ),
    ],
)
def test_particulars_that_were_tampered_with_are_found(
    alice, moderator, change, message
):
    by = Actor(moderator.pk, "Moderator")
    note(by=by, target_user_id=alice.pk, reason="Spam")

    tamper(change)

    with broken(message):
        verify()


def test_log_about_who_is_gone_is_verified(alice, moderator, capsys):
    note(by=Actor(alice.pk, "Alice"), target_user_id=alice.pk, reason="Alice shouted")
    client_of(alice).delete("/api/auth/profile")

    verify()

    assert capsys.readouterr().out.endswith("Verified 1 audit entries.\n")


# Archives


def archive(folder: Path, *more: str) -> None:
    call_command("archive_audit_log", "--to", str(folder), *more)


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
        rehash()

    archive(tmp_path)

    verify("--archives", str(tmp_path))
    assert AuditArchive.objects.count() == 3


def rehash() -> None:
    """Make the hashes fit after the entries were made older than they are."""
    last = AuditArchive.objects.order_by("last_position").last()
    tamper(
        "DO $$ DECLARE e moderation_auditentry; "
        f"last bytea := '\\x{bytes(last.last_hash).hex()}'; BEGIN "
        "FOR e IN SELECT * FROM moderation_auditentry ORDER BY position LOOP "
        "e.previous_hash := last; "
        "last := sha256(convert_to(moderation_auditentry_text(e), 'UTF8')); "
        "UPDATE moderation_auditentry SET previous_hash = e.previous_hash, hash = last "
        "WHERE position = e.position; END LOOP; END $$"
    )


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

    with pytest.raises(CommandError, match="No such file or directory"):
        archive(tmp_path / "nowhere")

    assert AuditEntry.objects.count() == 1


def test_young_entries_cannot_be_archived(tmp_path):
    with pytest.raises(CommandError, match="must be at least 30"):
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
