"""Verification of the audit log as a hash chain: each entry against the previous one.

The hashes are computed here, not by the functions in the database, which an attacker
who can change rows may have changed too. The owner of the database could still write
the chain anew from some entry on. An anchor, a file elsewhere with the head of the
chain, shows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.personal_data import snapshot
from moderation.audit.atomic_files import atomic_write
from moderation.audit.signing import is_signed, sign
from moderation.models import AuditArchive, AuditEntry, AuditPersonalDetails
from moderation.models.audit import NO_HASH, digest_of

# Rows fetched at a time: about a megabyte.
CHUNK = 2000
# What is read for a verification.
TABLES = (AuditEntry, AuditPersonalDetails, AuditArchive, get_user_model())

# Each with the text that its hash is over, as in `moderation/sql/audit_chain.sql`.
# Personal details may be missing only if the person is gone.
ENTRIES = """
SELECT
    entry.position, entry.previous_hash, entry.hash,
    jsonb_build_array(
        entry.position, encode(entry.previous_hash, 'hex'), encode(entry.id, 'hex'),
        entry.action, encode(entry.actor_id, 'hex'), encode(entry.target_id, 'hex'),
        entry.details, entry.metadata,
        to_char(entry.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        encode(entry.actor_digest, 'hex'), encode(entry.target_digest, 'hex')
    )::text,
    entry.actor_digest, actor.salt, actor.text,
    actor.text IS NOT NULL OR (
        entry.actor_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM accounts_user WHERE id = entry.actor_id)
    ),
    entry.target_digest, target.salt, target.text,
    target.text IS NOT NULL
        OR NOT EXISTS (SELECT FROM accounts_user WHERE id = entry.target_id)
FROM moderation_auditentry AS entry
LEFT JOIN moderation_auditparticulars AS actor
    ON actor.entry_id = entry.id AND actor.part = 'actor'
LEFT JOIN moderation_auditparticulars AS target
    ON target.entry_id = entry.id AND target.part = 'target'
WHERE entry.position <= coalesce(%s, entry.position)
ORDER BY entry.position
"""


class BrokenChain(Exception):
    """The log was tampered with; the message has the first entry that shows it."""


class ChainHead(NamedTuple):
    """The end of the chain after an entry; position 0 is before the first."""

    position: int
    hash: bytes


class PersonalDetails(NamedTuple):
    """One part of the personal details, with the digest that the entry has of it."""

    digest: bytes | None
    salt: bytes | None
    text: str | None
    # Whether they are there, or may be missing because the person is gone.
    is_accounted_for: bool

    def check(self, position: int) -> None:
        """Raise BrokenChain if they were changed, or deleted before the person was."""
        if self.digest is None and self.text is None:
            return
        if not self.is_accounted_for:
            raise BrokenChain(f"Particulars of entry {position} were removed.")
        if self.text is not None and (
            self.digest is None
            or self.salt is None
            or digest_of(self.salt, self.text) != self.digest
        ):
            raise BrokenChain(f"Particulars of entry {position} were changed.")


@dataclass(frozen=True)
class Entry:
    position: int
    previous_hash: bytes
    hash: bytes
    text: str
    personal_details: Sequence[PersonalDetails] = ()

    def follow(self, head: ChainHead) -> ChainHead:
        """Return the head of the chain after this entry, or raise BrokenChain."""
        expected = head.position + 1
        if self.position != expected:
            raise BrokenChain(f"Entry {expected} is missing.")
        if self.previous_hash != head.hash:
            raise BrokenChain(
                f"Entry {self.position} does not follow the one before it."
            )
        if sha256(self.text.encode()).digest() != self.hash:
            raise BrokenChain(f"Entry {self.position} was changed.")
        for details in self.personal_details:
            details.check(self.position)
        return ChainHead(self.position, self.hash)


def entries(up_to: int | None = None) -> Iterator[Entry]:
    """Yield the entries in the order of the chain. In a transaction; one query."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(ENTRIES, [up_to])
        while rows := cursor.fetchmany(CHUNK):
            for position, previous, own, text, *details in rows:
                actor, target = details[:4], details[4:]
                parts = (PersonalDetails(*actor), PersonalDetails(*target))
                yield Entry(position, bytes(previous), bytes(own), text, parts)


def start() -> ChainHead:
    """Return the head before the first entry in the database: the last archive's."""
    last = AuditArchive.objects.order_by("-last_position").first()
    if last is None:
        return ChainHead(0, NO_HASH)
    return ChainHead(last.last_position, bytes(last.last_hash))


def verify(anchor: ChainHead | None = None) -> tuple[ChainHead, ChainHead]:
    """Check all entries; return the head before the first one and after the last.

    Raises BrokenChain, also if the entry of the anchor is no longer in the chain.
    """
    with snapshot(TABLES):
        first = head = start()
        found = is_anchored(anchor, head)
        for entry in entries():
            head = entry.follow(head)
            found |= is_anchored(anchor, head)
    if anchor is not None and not found:
        raise lost(anchor, head)
    return first, head


def is_anchored(anchor: ChainHead | None, head: ChainHead) -> bool:
    """Tell whether the anchor is this head, or there is none to look for.

    Raises BrokenChain if the entry of the anchor has another hash.
    """
    if anchor is None or anchor.position == 0:
        return True
    if anchor.position == head.position and anchor != head:
        raise BrokenChain(
            f"Entry {anchor.position} is not the one of the anchor: "
            "the log was rewritten."
        )
    return anchor == head


def lost(anchor: ChainHead, head: ChainHead) -> BrokenChain:
    if anchor.position > head.position:
        return BrokenChain(
            f"Entry {head.position + 1} is missing: the anchor knows "
            f"{anchor.position} entries."
        )
    return BrokenChain(
        f"Entry {anchor.position} of the anchor has moved to an archive since. "
        "Give --archives to look for it there."
    )


def read_anchor(path: Path) -> ChainHead | None:
    """Return the head in the file; None without the file.

    Raises BrokenChain if the file is no anchor, or not signed by this service.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        facts = orjson.loads(text)
        head = ChainHead(facts["position"], bytes.fromhex(facts["hash"]))
        key, signature = (bytes.fromhex(facts[k]) for k in ("publicKey", "signature"))
    except (ValueError, TypeError, KeyError):
        raise BrokenChain(f"{path} is no anchor.") from None
    if not is_signed(anchored(head), key, signature):
        raise BrokenChain(f"The signature of the anchor {path} is not ours.")
    return head


def write_anchor(path: Path, head: ChainHead) -> None:
    """Write the head to the file, signed; the file is replaced as a whole."""
    key, signature = sign(anchored(head))
    facts: dict[str, Any] = {
        "position": head.position,
        "hash": head.hash.hex(),
        "writtenAt": format_instant(timezone.now()),
        "publicKey": key.hex(),
        "signature": signature.hex(),
    }
    with atomic_write(path) as file:
        file.write(orjson.dumps(facts) + b"\n")


def anchored(head: ChainHead) -> bytes:
    return b"anchor %d %b" % (head.position, head.hash)
