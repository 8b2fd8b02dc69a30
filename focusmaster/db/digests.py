"""Keyed digests that stand for ids where an id itself must not be read."""

from __future__ import annotations

from hashlib import sha256

from django.db import models
from django.db.models import Func

ID_DIGITS = 24


def keyed_digest(key: bytes, object_id: str) -> str:
    """Return what stands for an id, as long as one; nobody without the key can tell."""
    return sha256(key + bytes.fromhex(object_id)).hexdigest()[:ID_DIGITS]


class KeyedDigest(Func):
    """The same of a key and a column of ids, computed by PostgreSQL."""

    template = f"left(encode(sha256(%(expressions)s), 'hex'), {ID_DIGITS})"
    arg_joiner = " || "
    output_field = models.TextField()
