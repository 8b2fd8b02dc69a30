"""Typed readers of environment variables, for `settings.py` alone.

Each raises ImproperlyConfigured with one line that a person at a terminal can act on.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from difflib import get_close_matches
from email.utils import getaddresses
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from focusmaster.dates.zones import is_timezone
from focusmaster.state import give_to_owner_of_folder

# Django's own check (security.W009) calls a shorter key weak.
MIN_SECRET_KEY_LENGTH = 50
MIN_SECRET_KEY_UNIQUE = 5
# What `startproject` puts before the keys it makes, which often end up published.
INSECURE_PREFIX = "django-insecure-"

# A number of times, and a period: s, m, h, d, or several of one.
RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,3})?([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

HTTP = ("http", "https")
MOST_PORT = 65_535
# Over http, Spotify sends people back to these only.
LOOPBACK = ("127.0.0.1", "::1")
EXAMPLE = "https://app.example.com"

# Browsers write scheme and host in small letters, no path, and no port that is the
# scheme's own.
ORIGIN = re.compile(
    r"(?!http:.*:80$|https:.*:443$)"
    r"https?://([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.(?!$|:)|(?=:|$)))+(:[1-9]\d{0,4})?"
    r"|https?://\[[0-9a-f:]+\](:[1-9]\d{0,4})?"
)


class Rate(NamedTuple):
    """So many in so many seconds."""

    times: int
    seconds: int


# Every name that was read, and those that are read elsewhere or in production alone.
read_names = {"ADMIN_PASSWORD", "ALLOWED_HOSTS", "DATABASE_URL", "SECRET_KEY"}
# Variables with these beginnings are ours.
PREFIXES = ("RATE_LIMIT_", "RETENTION_", "SPOTIFY_", "EMAIL_")
# Kubernetes sets such for each service of a namespace.
OF_KUBERNETES = re.compile(r".*_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_\w+)")
# Alike enough for a slip: ALOWED_HOSTS is, DATABASE_USER for DATABASE_URL is not.
ALIKE = 0.885

# Below a host name or address; Django takes a leading dot for all below a domain.
HOST_PATTERN = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")
HOST_NAME = re.compile(r"[a-zA-Z0-9_.:%-]+")
# The path of a Redis: the number of a database.
NUMBERED = re.compile(r"/?[0-9]*")
MAILBOX = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)*")


def env(name: str, default: str | None = None) -> str:
    """Read a variable. Without a default, the process must not start unset."""
    read_names.add(name)
    value = os.environ.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise ImproperlyConfigured(f"Set the {name} environment variable.")
    return value


def env_timezone(name: str, default: str) -> str:
    value = env(name, default)
    if not is_timezone(value):
        raise ImproperlyConfigured(
            f"{name} must be an IANA time zone such as Europe/Berlin, not {value!r}."
        )
    return value


def env_bool(name: str, default: str) -> bool:
    value = env(name, default).lower()
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def env_int(name: str, default: str, *, at_least: int, at_most: int) -> int:
    value = env(name, default)
    if not (value.isascii() and value.isdigit() and at_least <= int(value) <= at_most):
        raise ImproperlyConfigured(
            f"{name} must be a whole number from {at_least} to {at_most}, "
            f"not {value!r}."
        )
    return int(value)


def env_rate(name: str, default: str) -> Rate | None:
    """Read how often something may happen: `1000/h`, `10/15m`, or None for `off`."""
    value = env(name, default)
    if value == "off":
        return None
    match = RATE.fullmatch(value)
    if match is None:
        raise ImproperlyConfigured(
            f"{name} must be a rate such as 1000/h or 10/15m, or off, not {value!r}."
        )
    count, several, unit = match.groups()
    return Rate(int(count), int(several or 1) * SECONDS[unit])


def env_list(name: str, default: str) -> list[str]:
    """Read a comma-separated variable; blanks around and between items are dropped."""
    return [item.strip() for item in env(name, default).split(",") if item.strip()]


def env_origins(name: str, default: str) -> list[str]:
    """Read web origins, each `scheme://host[:port]` as a browser sends it."""
    origins = env_list(name, default)
    for origin in origins:
        port = origin.rpartition(":")[2]
        is_port = not port.isdigit() or int(port) <= MOST_PORT
        if not (is_port and ORIGIN.fullmatch(origin)):
            raise ImproperlyConfigured(
                f"{name} must list origins such as https://app.example.com, "
                f"not {origin!r}."
            )
    return origins


def env_hosts(name: str, default: str | None = None) -> list[str]:
    """Read host names as ALLOWED_HOSTS takes them, without scheme and port."""
    hosts = [host.lower() for host in env_list(name, env(name, default))]
    for host in hosts:
        if not HOST_PATTERN.fullmatch(host):
            raise ImproperlyConfigured(
                f"{name} must list host names such as focus.example.com, without "
                f"scheme and port, or [::1], not {host!r}."
            )
    if not hosts:
        raise ImproperlyConfigured(f"{name} must list a host name.")
    return hosts


def env_url(
    name: str,
    default: str,
    *,
    schemes: tuple[str, ...] = HTTP,
    blank: bool = True,
    is_base: bool = False,
) -> str:
    """Read a URL with a host and one of these schemes, or "" where it may be blank.

    To the base of other URLs something is appended: it has no query and no fragment.
    """
    value = env(name, default).strip()
    if blank and not value:
        return value
    try:
        parts = urlsplit(value)
        place = parts.path if parts.scheme == "unix" else parts.hostname
        is_complete = bool(place) and parts.port != 0
        if parts.scheme in ("redis", "rediss"):
            is_complete = is_complete and bool(NUMBERED.fullmatch(parts.path))
        if is_base:
            is_complete = is_complete and not (parts.query or parts.fragment)
    except ValueError:
        is_complete = False
    if not (is_complete and parts.scheme in schemes) or re.search(r"\s", value):
        example = "redis://localhost:6379/0" if "redis" in schemes else EXAMPLE
        # A password in it is not repeated.
        shown = "" if "@" in value else f", not {value!r}"
        raise ImproperlyConfigured(f"{name} must be a URL such as {example}{shown}.")
    return value.rstrip("/") if is_base else value


def env_redirect(name: str, default: str) -> str:
    """Read where Spotify sends people back to, as far as it admits such a URL."""
    value = env_url(name, default)
    parts = urlsplit(value)
    is_admitted = parts.scheme == "https" or parts.hostname in LOOPBACK
    if value and (parts.fragment or not is_admitted):
        raise ImproperlyConfigured(
            f"{name} must begin with https://, or on this machine with "
            f"http://127.0.0.1 (not localhost), and have no #, not {value!r}."
        )
    return value


def env_folder(name: str, default: str | Path) -> Path:
    value = env(name, str(default))
    if not value.strip():
        raise ImproperlyConfigured(f"{name} must name a folder; it is empty.")
    return Path(value).expanduser().absolute()


def env_host(name: str, default: str) -> str:
    """Read the name or address of one host, without scheme and port."""
    value = env(name, default)
    if value != default and not HOST_NAME.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} must be a host name or an address, not {value!r}."
        )
    if value.count(":") == 1:
        raise ImproperlyConfigured(f"{name} is without a port, not {value!r}.")
    return value


def env_sender(name: str, default: str) -> str:
    """Read whom mail is from: an address, or a name with one in angle brackets."""
    value = env(name, default)
    mailboxes = [address for _, address in getaddresses([value])]
    is_one = len(mailboxes) == 1 and MAILBOX.fullmatch(mailboxes[0])
    if not is_one or re.search(r"[\r\n]", value):
        raise ImproperlyConfigured(
            f"{name} must be an address such as FocusMaster <focus@example.com>, "
            f"not {value!r}."
        )
    return value


def env_keys(name: str) -> list[str]:
    """Read secret keys, each as strong as SECRET_KEY must be."""
    return [checked_secret_key(key, name) for key in env_list(name, "")]


def env_with(name: str, **others: str) -> str:
    """Read a variable that is of use only with others: all are set, or none."""
    value = env(name, "")
    require_together(**others, **{name: value})
    return value


def require_together(**values: str) -> None:
    """Raise ImproperlyConfigured where some of these are set, and some not."""
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise ImproperlyConfigured(
            f"Set all of {', '.join(values)}, or none; not set: {', '.join(missing)}."
        )


def refuse_misspelt(names: Iterable[str]) -> None:
    """Raise ImproperlyConfigured for a name that is almost one that was read.

    To be called once all are read. A variable that is ignored would be missed only
    when what it says is needed.
    """
    long_names = [known for known in read_names if len(known) > 4]
    for name in sorted(set(names) - read_names):
        alike = get_close_matches(name.upper(), long_names, n=1, cutoff=ALIKE)
        is_ours = name.startswith(PREFIXES) and not OF_KUBERNETES.fullmatch(name)
        if is_ours and not alike:
            alike = get_close_matches(name, long_names, n=1, cutoff=0)
        if alike:
            raise ImproperlyConfigured(
                f"{name} is no variable of FocusMaster; {alike[0]} is. "
                "Correct the name, or unset it."
            )


def database_from_url(url: str) -> dict[str, object]:
    """Turn `postgresql://user:password@host:port/name?sslmode=require` into settings.

    The query's parameters are libpq's and go to the driver as they are, but for two:
    `host` may name a folder, for a Unix socket; `prepared_statements` says whether
    statements outlive a transaction, where that is not to be found out.
    """
    # The value may hold a password: it is not repeated.
    refusal = ImproperlyConfigured(
        "DATABASE_URL must look like postgresql://user:password@host:5432/name."
    )
    try:
        parts = urlsplit(url)
        port = parts.port or ""
    except ValueError:
        raise refusal from None
    options = dict(parse_qsl(parts.query))
    prepares = options.pop("prepared_statements", None)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgres", "postgresql") or not name:
        raise refusal
    if prepares not in ("true", "false", None):
        raise ImproperlyConfigured(
            "prepared_statements in DATABASE_URL must be true or false."
        )
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(port),
        "OPTIONS": options,
        "PREPARED_STATEMENTS": None if prepares is None else prepares == "true",
    }


def checked_secret_key(key: str, name: str = "SECRET_KEY") -> str:
    if (
        len(key) < MIN_SECRET_KEY_LENGTH
        or len(set(key)) < MIN_SECRET_KEY_UNIQUE
        or key.startswith(INSECURE_PREFIX)
    ):
        raise ImproperlyConfigured(
            f"{name} is too weak: give at least {MIN_SECRET_KEY_LENGTH} "
            "random characters."
        )
    return key


def kept_secret_key(folder: Path) -> str:
    """Return the key kept in `folder`, making it at the first call.

    Two processes that start at once agree: the file appears whole, under its name,
    only once (`os.link` refuses to replace), and both read what stands there.
    """
    path = folder / "secret_key"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f".secret_key.{secrets.token_hex(8)}"
            with open(draft, "x", opener=_private) as file:
                file.write(secrets.token_urlsafe(64))
            give_to_owner_of_folder(draft)
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return checked_secret_key(path.read_text().strip())
    except OSError as exc:
        raise ImproperlyConfigured(
            f"The secret key cannot be kept in {path}: {exc.strerror}. "
            "Set STATE_DIR to a folder that can be written."
        ) from exc


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
