"""The public keys with which Google signs ID tokens, fetched and cached."""

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
from focusmaster.db.transactions import require_no_transaction

log = logging.getLogger("accounts.google")

# Seconds that a sign-in waits for a key that is not known yet.
MAX_WAIT = 4
# Seconds without data, and in total, after which a fetch is given up.
TIMEOUT, FETCH_SECONDS = 3, 8
# Google's document has 2 KiB.
MAX_BYTES = 2**16

# Bounds of the max-age that Google gives its keys, in seconds, and its default.
LEAST_AGE, MOST_AGE, USUAL_AGE = 5 * 60, 24 * 60 * 60, 60 * 60
# Seconds between two fetches for unknown ids: anyone can make up an id.
MINUTE = 60
# The same while there is no key at all and nobody can sign in.
SHORT_PAUSE = 5

Key = dict[str, Any]


class Keys:
    """The keys published at a URL, by their ids; a cache of the process.

    A fetch never delays a sign-in whose key is known. Keys that have aged are fetched
    again in a background thread, and are used until that succeeds.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = monotonic,
        max_wait: float = MAX_WAIT,
    ) -> None:
        self.url, self.clock, self.max_wait = url, clock, max_wait
        self._keys: dict[str, Key] = {}
        self._stale_at = self._ask_again_at = float("-inf")
        self._lock = Lock()
        self._is_failing = False
        self.fetched = Event()
        self.fetched.set()

    def find(self, kid: str) -> Key | None:
        """Return the key with this id, or None where Google has no such key.

        Raises KeysUnavailable where Google does not tell, and RuntimeError in a
        transaction.
        """
        require_no_transaction()
        now = self.clock()
        if key := self._keys.get(kid):
            self._refresh(now)
            return key
        self._ask(kid, now)
        is_done = self.fetched.wait(self.max_wait)
        key = self._keys.get(kid)
        if key is None and (self._is_failing or not is_done):
            raise KeysUnavailable
        return key

    @property
    def is_fetching(self) -> bool:
        """Whether a fetch is under way in the background."""
        return not self.fetched.is_set()

    def _refresh(self, now: float) -> None:
        """Fetch the keys if they have aged."""
        with self._lock:
            if now >= self._stale_at:
                self._begin_to_fetch()

    def _ask(self, kid: str, now: float) -> None:
        """Fetch the keys for an id that is not among them."""
        with self._lock:
            # A fetch for another sign-in may have brought it just now.
            is_due = kid not in self._keys and now >= self._ask_again_at
            # The first fetch is never for a made-up id. Read before it begins, because
            # it may have ended when this thread goes on.
            is_first = not self._keys
            if is_due and self._begin_to_fetch() and not is_first:
                self._ask_again_at = now + MINUTE

    def _begin_to_fetch(self) -> bool:
        """Fetch the keys in the background; return False if a fetch is under way."""
        if self.is_fetching:
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
    """Return the keys by their ids, and the seconds until they have aged.

    Raises RequestException or ValueError.
    """
    deadline = monotonic() + FETCH_SECONDS
    body = b""
    with requests.Session() as session:
        # Ignore proxies and passwords of the environment.
        session.trust_env = False
        response = session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True)
        if response.status_code != 200:
            raise ValueError(f"the response is {response.status_code}")
        for chunk in response.iter_content(1024):
            body += chunk
            if len(body) > MAX_BYTES or monotonic() > deadline:
                raise ValueError("the response is too long or too slow")
    return keys_in(body), age_in(response.headers.get("Cache-Control", ""))


def keys_in(body: bytes) -> dict[str, Key]:
    try:
        listed = json.loads(body)["keys"]
        keys = {key["kid"]: key for key in listed if can_sign(key)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("the response is no set of keys") from None
    if not keys:
        raise ValueError("the response has no key for RS256")
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
