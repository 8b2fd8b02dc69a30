"""Time zones by the locked rules, the same on every system."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

# Names for machines: a zone that is not set yet, this machine's own, and variants with
# leap seconds. A constraint on accounts_user refuses them, too.
NO_ZONE = re.compile(r"Factory|localtime|posixrules|(posix|right)/.*")


@cache
def timezone_names() -> frozenset[str]:
    """Return the IANA names of zones for people, the same on every system."""
    names = files("tzdata").joinpath("zones").read_text().split()
    return frozenset(name for name in names if not NO_ZONE.fullmatch(name))


def is_timezone(name: str) -> bool:
    """Tell whether people can live by this zone."""
    return name in timezone_names()


@cache
def zone_named(name: str) -> ZoneInfo:
    """Return a zone by the rules of the locked package, the same on every system.

    ZoneInfo(name) would prefer the system's rules, which may be years older, or lack
    the zone.
    """
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)
