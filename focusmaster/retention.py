"""How long rows are kept that nobody needs for ever: RETENTION of the settings.

`manage.py prune` deletes what is older. What says itself when it ends (codes, links,
sessions of staff, stored answers) has no period.
"""

from __future__ import annotations

from datetime import timedelta

from focusmaster.environment import env_int

MOST_DAYS = 36_500  # a hundred years


def env_days(name: str, default: str) -> timedelta:
    return timedelta(days=env_int(name, default, at_least=1, at_most=MOST_DAYS))


RETENTION = {
    # Since they ended: devices on which nobody is signed in any more.
    "sign_ins": env_days("RETENTION_SIGN_INS_DAYS", "90"),
    # Since they last asked for anything.
    "guests": env_days("RETENTION_GUESTS_DAYS", "30"),
    # Since they last happened.
    "errors": env_days("RETENTION_ERRORS_DAYS", "30"),
}
