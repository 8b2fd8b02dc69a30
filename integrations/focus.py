"""Music that follows the focus, in the background and in the right order.

The last phase that a person told stands in their link. A process claims the link, has
the player do what the phase means, and looks again: so commands of one person go to
Spotify one after the other, whichever processes and machines took the requests, and the
last one decides. Each process also looks for phases that nobody follows, because the
process that should have is gone, or Spotify wanted a pause.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Thread
from time import sleep

from django.db import DatabaseError, InterfaceError

from accounts.models import User
from focusmaster.db.transactions import require_no_transaction
from integrations import player
from integrations.exceptions import FAILURES, SpotifyRateLimited
from integrations.executors import with_own_connection
from integrations.models import Phase, SpotifyLink

log = logging.getLogger("focusmaster.spotify")

# They wait for Spotify most of the time.
THREADS = 8
# People whose phase waits for a thread; that of others is found later.
MAX_WAITING = 1000
# Seconds between two looks for phases that nobody follows, and how many are taken up.
LOOK_EVERY = 3
AT_ONCE = 100

threads = ThreadPoolExecutor(THREADS, thread_name_prefix="spotify-focus")
waiting = BoundedSemaphore(MAX_WAITING)


def tell(user: User, phase: str) -> None:
    """Have the person's music follow what they are at now; one query.

    Returns at once. Raises RuntimeError in a transaction: nothing may happen at Spotify
    for what is rolled back.
    """
    require_no_transaction()
    if SpotifyLink.objects.set_phase(user=user, phase=phase):
        follow_in_background(user.pk)


def follow_in_background(user_id: str) -> None:
    if waiting.acquire(blocking=False):
        future = threads.submit(with_own_connection, follow, (user_id,))
        future.add_done_callback(lambda _: waiting.release())


def follow(user_id: str) -> None:
    """Follow the person's phases until none is left, or another process does.

    A claim that a fault of ours leaves behind ends by itself, and the phase is taken up
    again. 1 query where nothing is to be done; 4 and those of `player` for each phase.
    """
    try:
        while link := SpotifyLink.objects.claim_phase(user_id):
            if wait := follow_one(link):
                SpotifyLink.objects.put_off_phase(link, wait)
            else:
                SpotifyLink.objects.finish_phase(link)
    except (DatabaseError, InterfaceError) as exc:
        log.warning("Music did not follow the focus: %s", type(exc).__name__)


def follow_one(link: SpotifyLink) -> int:
    """Have the player do what the phase means.

    Return in how many seconds to try again because Spotify wants a pause, else 0.
    """
    if link.is_too_late():
        return 0
    command = "play" if link.phase == Phase.FOCUS else "pause"
    try:
        player.follow_focus(link.pk, command)
    except SpotifyRateLimited as exc:
        return int(exc.wait)
    except FAILURES as exc:
        log.info("Music did not follow the focus: %s", type(exc).__name__)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        log.exception("Music did not follow the focus")
    return 0


def take_up_overdue() -> int:
    """Follow the phases that nobody follows, in the background; return how many."""
    overdue = SpotifyLink.objects.overdue_phases(AT_ONCE)
    for user_id in overdue:
        follow_in_background(user_id)
    return len(overdue)


def keep_taking_up() -> None:
    """Take up what is overdue every LOOK_EVERY seconds, until the process ends."""
    while True:
        sleep(LOOK_EVERY)
        try:
            with_own_connection(take_up_overdue, ())
        except (DatabaseError, InterfaceError) as exc:
            log.warning("Nobody can look for phases: %s", type(exc).__name__)


def start_taking_up(**signal: object) -> None:
    """Begin to do so in a worker process of a service that has Spotify."""
    if player.is_configured():
        Thread(target=keep_taking_up, name="spotify-overdue", daemon=True).start()
