"""Reading the audit log as a chain: every entry against the one before it.

The hashes are computed here, not by the functions in the database, which whoever can
change a row may be able to change as well. What an owner of the database could still do
is to write the whole chain anew from some entry on: an anchor, the head of the chain
kept in a file elsewhere, shows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.utils import timezone

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.personal_data import snapshot
from moderation.audit.atomic_files import atomic_write
from moderation.audit.signing import is_signed, sign
from moderation.models import AuditArchive
from moderation.models.audit import NO_HASH, digest_of

# Rows fetched at a time: about a megabyte.
CHUNK = 2000

# Each with the text that its hash is over; see the migration that makes the trigger.
# Personal details may be missing only where the person is gone.
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
    """What is wrong, with the first entry that shows it."""


class ChainHead(NamedTuple):
    """The end of the chain after an entry; position 0 is before the first."""

    position: int
    hash: bytes


class PersonalDetails(NamedTuple):
    """One part of an entry's personal details, and the digest that the entry has."""

    digest: bytes | None
    salt: bytes | None
    text: str | None
    # They are there, or the person is gone.
    may_be_so: bool

    def check(self, position: int) -> None:
        """Raise BrokenChain unless they are as they were digested, or rightly gone."""
        if self.digest is None and self.text is None:
            return
        if not self.may_be_so:
            raise BrokenChain(f"Particulars of entry {position} were removed.")
        if self.text is not None and (
            self.digest is None or digest_of(self.salt, self.text) != self.digest
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
        """Return the new end of the chain, or raise BrokenChain."""
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
    """Yield the entries in the order of the chain; must be within a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(ENTRIES, [up_to])
        while rows := cursor.fetchmany(CHUNK):
            for position, previous, own, text, *details in rows:
                actor, target = details[:4], details[4:]
                parts = (PersonalDetails(*actor), PersonalDetails(*target))
                yield Entry(position, bytes(previous), bytes(own), text, parts)


def start() -> ChainHead:
    """Return where the chain in the database begins: after the last archive."""
    last = AuditArchive.objects.order_by("-last_position").first()
    if last is None:
        return ChainHead(0, NO_HASH)
    return ChainHead(last.last_position, bytes(last.last_hash))


def verify(anchor: ChainHead | None = None) -> tuple[ChainHead, ChainHead]:
    """Check all entries; return where the chain begins and ends.

    Raises BrokenChain, also if the entry of the anchor is not in the chain any more.
    """
    with snapshot():
        first = head = start()
        found = is_anchored(anchor, head)
        for entry in entries():
            head = entry.follow(head)
            found |= is_anchored(anchor, head)
    if not found:
        raise lost(anchor, head)
    return first, head


def is_anchored(anchor: ChainHead | None, head: ChainHead) -> bool:
    """Tell whether there is nothing more to look for; BrokenChain if it is another."""
    if anchor is None or anchor.position == 0:
        return True
    if anchor.position == head.position and anchor != head:
        raise moved(anchor)
    return anchor == head


def moved(anchor: ChainHead) -> BrokenChain:
    return BrokenChain(
        f"Entry {anchor.position} is not the one of the anchor: the log was rewritten."
    )


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
    """Return the link that the file keeps; None without the file.

    Raises BrokenChain where it is none of ours.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        facts = orjson.loads(text)
        link = ChainHead(facts["position"], bytes.fromhex(facts["hash"]))
        key, signature = (bytes.fromhex(facts[k]) for k in ("publicKey", "signature"))
    except (ValueError, TypeError, KeyError):
        raise BrokenChain(f"{path} is no anchor.") from None
    if not is_signed(anchored(link), key, signature):
        raise BrokenChain(f"The signature of the anchor {path} is not ours.")
    return link


def write_anchor(path: Path, link: ChainHead) -> None:
    """Keep the link in the file; it is replaced as a whole or stays as it is."""
    key, signature = sign(anchored(link))
    facts: dict[str, Any] = {
        "position": link.position,
        "hash": link.hash.hex(),
        "writtenAt": format_instant(timezone.now()),
        "publicKey": key.hex(),
        "signature": signature.hex(),
    }
    with atomic_write(path) as file:
        file.write(orjson.dumps(facts) + b"\n")


def anchored(link: ChainHead) -> bytes:
    return b"anchor %d %b" % (link.position, link.hash)
