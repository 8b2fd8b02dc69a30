"""Archives: old entries of the audit log are moved to signed files.

A file has a line of facts, a line for each entry (its hash, and the text that the hash
is over), and a line with the signature over all lines before. It has what the entry
itself has: ids and facts. Personal details are deleted, because they could not be
deleted from a file when the person leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO

import orjson
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.advisory_locks import AdvisoryLock, try_advisory_lock
from moderation.actors import Actor
from moderation.audit.atomic_files import atomic_write
from moderation.audit.chain import (
    BrokenChain,
    ChainHead,
    Entry,
    entries,
    is_anchored,
    start,
)
from moderation.audit.signing import is_signed, sign
from moderation.models import AuditArchive, AuditEntry
from moderation.models.audit import NO_HASH

FORMAT = "focusmaster audit log 1"
# The database lets no younger entries go: moderation/sql/audit_archives.sql.
MIN_DAYS = 30


class ArchiveUnderWay(Exception):
    """Another run is archiving."""


@dataclass(frozen=True)
class Span:
    """The entries to archive."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def file_name(self) -> str:
        return f"audit-{self.first:012}-{self.last:012}.jsonl"


def older_than(days: int, *, at: datetime | None = None) -> Span | None:
    """Return the oldest entries up to the first younger one; None if there are none.

    The chain is cut in one place, so an old entry after a younger one stays with it.
    """
    cutoff = (at or timezone.now()) - timedelta(days=days)
    younger = AuditEntry.objects.filter(created_at__gte=cutoff)
    end = younger.aggregate(first=Min("position"))["first"]
    ends = AuditEntry.objects.aggregate(first=Min("position"), last=Max("position"))
    if ends["first"] is None or end == ends["first"]:
        return None
    return Span(ends["first"], ends["last"] if end is None else end - 1)


@transaction.atomic
def archive(span: Span, folder: Path, *, by: Actor) -> AuditArchive:
    """Write the entries to a file in the folder, then remove them from the log.

    If it ends half-way, all entries stay in the log, and there may be a file without an
    archive, which the next run replaces. Raises BrokenChain, ArchiveUnderWay, OSError.
    """
    if not try_advisory_lock(AdvisoryLock.ARCHIVE_AUDIT_LOG):
        raise ArchiveUnderWay
    head, key, signature = write(span, folder / span.file_name)
    row = AuditArchive.objects.create(
        first_position=span.first,
        last_position=span.last,
        last_hash=head.hash,
        file_name=span.file_name,
        public_key=key,
        signature=signature,
    )
    AuditEntry.objects.record(
        AuditEntry.Action.LOG_ARCHIVED,
        by=by,
        details=f"Moved the entries {span.first} to {span.last} to an archive",
        metadata={"file": span.file_name, "entries": span.count},
    )
    return row


def write(span: Span, path: Path) -> tuple[ChainHead, bytes, bytes]:
    """Write the file; return the head of its last entry, public key and signature."""
    head, digest = start(), sha256()
    facts = {
        "format": FORMAT,
        "first": span.first,
        "last": span.last,
        "previousHash": head.hash.hex(),
        "writtenAt": format_instant(timezone.now()),
    }
    with atomic_write(path) as file:

        def put(line: bytes) -> None:
            digest.update(line)
            file.write(line)

        put(orjson.dumps(facts) + b"\n")
        for entry in entries(up_to=span.last):
            head = entry.follow(head)
            put(f"{entry.hash.hex()} {entry.text}\n".encode())
        key, signature = sign(digest.digest())
        proof = {"publicKey": key.hex(), "signature": signature.hex()}
        file.write(orjson.dumps(proof) + b"\n")
    return head, key, signature


def verify_archives(folder: Path, anchor: ChainHead | None = None) -> tuple[int, bool]:
    """Check all archives; return how many there are, and whether one has the anchor.

    Raises BrokenChain.
    """
    head, count, found = ChainHead(0, NO_HASH), 0, False
    for archive in AuditArchive.objects.order_by("first_position"):
        path = folder / archive.file_name
        try:
            with open(path, "rb") as file:
                for after in heads_of(file, path, head):
                    is_anchored(anchor, after)
                    head, found = after, found or after == anchor
        except FileNotFoundError:
            raise BrokenChain(f"The archive {path} is missing.") from None
        if head != (archive.last_position, bytes(archive.last_hash)):
            raise BrokenChain(f"The archive {path} is another than the database knows.")
        count += 1
    return count, found


def heads_of(file: IO[bytes], path: Path, head: ChainHead) -> Iterator[ChainHead]:
    """Yield the head after each entry of an archive, then check its signature.

    Raises BrokenChain.
    """
    digest, proof = sha256(file.readline()), b""
    for line in file:
        if line.startswith(b"{"):
            proof = line
            break
        digest.update(line)
        head = read_entry(line, path).follow(head)
        yield head
    if not is_proof(proof, digest.digest()) or file.read(1):
        raise BrokenChain(f"The archive {path} is not as it was signed.")


def read_entry(line: bytes, path: Path) -> Entry:
    own, _, text = line.decode(errors="replace").rstrip("\n").partition(" ")
    try:
        position, previous, *_ = orjson.loads(text)
        return Entry(position, bytes.fromhex(previous), bytes.fromhex(own), text)
    except (ValueError, TypeError):
        raise BrokenChain(f"The archive {path} has a line that is no entry.") from None


def is_proof(line: bytes, digest: bytes) -> bool:
    try:
        facts = orjson.loads(line)
        parts = [bytes.fromhex(facts[name]) for name in ("publicKey", "signature")]
    except (ValueError, TypeError, KeyError):
        return False
    return is_signed(digest, *parts)
