"""The public keys with which Google signs ID tokens, fetched seldom and kept."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import cache
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import requests

from accounts.google.exceptions import KeysUnavailable

log = logging.getLogger("accounts.google")

# Seconds that a sign-in waits for a key that is not known yet.
PATIENCE = 4
# Seconds without a sign from the server, and all in all, after which a fetch is over.
TIMEOUT, FETCH_SECONDS = 3, 8
# Google's own document has 2 KiB.
MAX_BYTES = 2**16

# Bounds for the age that Google gives its keys, in seconds, and what goes for none.
LEAST_AGE, MOST_AGE, USUAL_AGE = 5 * 60, 24 * 60 * 60, 60 * 60
# Anyone can make up a key's id: it is asked for at most so often.
MINUTE = 60
# The same while there is no key at all, and nobody can sign in.
SHORT_PAUSE = 5

Key = dict[str, Any]


class Keys:
    """The keys published at a URL, by their ids; one process has one of these.

    Fetching them never holds up a sign-in whose key is known, not even when they have
    aged: they are fetched in the background, and go on working if that fails.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self.url, self.clock, self.patience = url, clock, patience
        self._keys: dict[str, Key] = {}
        self._stale_at = self._ask_again_at = float("-inf")
        self._lock = Lock()
        self._is_failing = False
        self.fetched = Event()
        self.fetched.set()

    def find(self, kid: str) -> Key | None:
        """Return the key with this id, or None if there is none such.

        Raises KeysUnavailable when that cannot be told.
        """
        now = self.clock()
        if key := self._keys.get(kid):
            self._refresh(now)
            return key
        self._ask(kid, now)
        is_done = self.fetched.wait(self.patience)
        key = self._keys.get(kid)
        if key is None and (self._is_failing or not is_done):
            raise KeysUnavailable
        return key

    def _refresh(self, now: float) -> None:
        """Have the keys fetched if they have aged."""
        with self._lock:
            if now >= self._stale_at:
                self._begin_to_fetch()

    def _ask(self, kid: str, now: float) -> None:
        """Have the keys fetched for an id that is not among them."""
        with self._lock:
            # A fetch for another sign-in may have brought it just now.
            is_due = kid not in self._keys and now >= self._ask_again_at
            # The very first fetch is for no id that somebody may have made up. Known
            # before it begins: it may have ended when its thread lets us go on.
            is_first = not self._keys
            if is_due and self._begin_to_fetch() and not is_first:
                self._ask_again_at = now + MINUTE

    def _begin_to_fetch(self) -> bool:
        """Fetch the keys in the background; return False if that is under way."""
        if not self.fetched.is_set():
            return False
        self.fetched.clear()
        Thread(target=self._fetch, daemon=True).start()
        return True

    def _fetch(self) -> None:
        self._is_failing = True  # Until it is known to have worked.
        try:
            self._keys, age = fetch(self.url)
        except (requests.RequestException, ValueError) as exc:
            log.warning("Google's keys cannot be fetched: %s", exc)
            self._stale_at = self.clock() + MINUTE
            if not self._keys:
                self._ask_again_at = self.clock() + SHORT_PAUSE
        else:
            self._is_failing, self._stale_at = False, self.clock() + age
        finally:
            self.fetched.set()


@cache
def keys_at(url: str) -> Keys:
    return Keys(url)


def fetch(url: str) -> tuple[dict[str, Key], float]:
    """Return the keys by their ids, and for how many seconds they are good.

    Raises RequestException or ValueError.
    """
    deadline = monotonic() + FETCH_SECONDS
    body = b""
    with requests.Session() as session:
        # No proxy, and no password, that the environment happens to have.
        session.trust_env = False
        response = session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True)
        if response.status_code != 200:
            raise ValueError(f"the answer is {response.status_code}")
        for chunk in response.iter_content(1024):
            body += chunk
            if len(body) > MAX_BYTES or monotonic() > deadline:
                raise ValueError("the answer has no end")
    return keys_in(body), age_in(response.headers.get("Cache-Control", ""))


def keys_in(body: bytes) -> dict[str, Key]:
    try:
        listed = json.loads(body)["keys"]
        keys = {key["kid"]: key for key in listed if can_sign(key)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("the answer is no set of keys") from None
    if not keys:
        raise ValueError("the answer has no key for RS256")
    return keys


def can_sign(key: Key) -> bool:
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and isinstance(key.get("kid"), str)
    )


def age_in(cache_control: str) -> float:
    match = re.search(r"\bmax-age=(\d{1,9})", cache_control)
    age = int(match[1]) if match else USUAL_AGE
    return min(max(age, LEAST_AGE), MOST_AGE)
