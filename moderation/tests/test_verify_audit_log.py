"""Tampering that the guards could not prevent, found by `verify_audit_log`."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError

from focusmaster.tests.people import client_of
from moderation.actors import Actor
from moderation.models import AuditEntry
from moderation.tests.audit_log import broken, note, rehash, tamper, verify

pytestmark = pytest.mark.usefixtures("db")


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
    """Change an entry and make all hashes fit."""
    tamper(
        f"UPDATE moderation_auditentry SET details = '{details}' "
        f"WHERE position = {position}"
    )
    rehash()


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
def test_personal_details_that_were_tampered_with_are_found(
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
